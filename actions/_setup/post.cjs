// SPDX-License-Identifier: Apache-2.0
// Only inject leaves anything behind.
"use strict";
if (process.env.INPUT_VERB === "inject") require("../inject/launch.cjs")("revoke");
