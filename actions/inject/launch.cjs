// SPDX-License-Identifier: Apache-2.0
// Starts one verb and ends as it ends. Inputs become variables: INPUT_TARGET is PIPELINE_GUARD_TARGET.
"use strict";
const { spawn } = require("node:child_process");
const path = require("node:path");

module.exports = (verb) => {
  const env = { ...process.env };
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith("INPUT_")) env[`PIPELINE_GUARD_${name.slice(6).replaceAll("-", "_")}`] = value;
  }
  const child = spawn("bash", [path.join(__dirname, "..", "_setup", "run.sh"), verb], { env, stdio: "inherit", detached: true });
  // detached means a group of its own: the signal reaches bash and the command behind it
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.kill(-child.pid, signal));
  child.on("error", (error) => {
    console.error(`pipeline-guard: error: cannot start bash: ${error.code}`);
    process.exitCode = 70;
  });
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
};
