// SPDX-License-Identifier: Apache-2.0
// GitHub's own language service reads workflows and actions. Prints one JSON line a finding.
// usage: node judge.mjs ROOT FILE...   our own actions are looked up below ROOT
import { readFileSync } from "node:fs";
import path from "node:path";
import { validate } from "@actions/languageservice";
import { TextDocument } from "vscode-languageserver-textdocument";
import { parse } from "yaml";

const [root, ...files] = process.argv.slice(2);

// what the editor asks the forge for: the inputs of the actions that are used
const actionsMetadataProvider = {
  async fetchActionMetadata({ owner, name, path: folder }) {
    if (`${owner}/${name}` !== "pipeline-guard/pipeline-guard") return undefined;
    return parse(readFileSync(path.join(root, folder ?? "", "action.yml"), "utf8"));
  },
};

// of others' actions we have no copy: that they cannot be looked up here says nothing
const foreign = (message) => message.startsWith("Unable to resolve action `") && !message.includes("`pipeline-guard/");

for (const file of files) {
  const document = TextDocument.create(`file://${file}`, "yaml", 1, readFileSync(file, "utf8"));
  for (const { message, severity, range } of await validate(document, { actionsMetadataProvider })) {
    if (foreign(message)) continue;
    console.log(JSON.stringify({ file, line: range.start.line + 1, severity, message }));
  }
}
