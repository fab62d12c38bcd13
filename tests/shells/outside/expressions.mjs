// SPDX-License-Identifier: Apache-2.0
// GitHub's own evaluator as an oracle: reads {"contexts": {...}, "expressions": [...]}, writes a list of {"value": ...} or {"error": true}.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const home = pathToFileURL(`${process.argv[2]}/node_modules/@actions/expressions/dist/index.js`);
const { Lexer, Parser, Evaluator, data } = await import(home.href);
const asked = JSON.parse(readFileSync(0, "utf8"));

// the package's own reader of JSON makes its values
const contexts = JSON.parse(JSON.stringify(asked.contexts), data.reviver);

// NaN and the infinities are no JSON: each value is told with its kind
const plain = (value) => {
  switch (value.kind) {
    case data.Kind.Null:
      return ["null"];
    case data.Kind.Boolean:
      return ["boolean", value.value];
    case data.Kind.Number:
      return ["number", value.coerceString()];
    case data.Kind.String:
      return ["text", value.value];
    case data.Kind.Array:
      return ["list", value.values().map(plain)];
    default:
      return ["object", value.pairs().map(({ key, value: inner }) => [key, plain(inner)])];
  }
};

const answers = asked.expressions.map((expression) => {
  try {
    const tree = new Parser(new Lexer(expression).lex().tokens, Object.keys(asked.contexts), []).parse();
    return { value: plain(new Evaluator(tree, contexts).evaluate()) };
  } catch {
    return { error: true };
  }
});
process.stdout.write(JSON.stringify(answers));
