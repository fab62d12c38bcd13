// SPDX-License-Identifier: Apache-2.0
// The action at the repository's root: one verb, as the input says.
"use strict";
require("../inject/launch.cjs")(process.env.INPUT_VERB ?? "");
