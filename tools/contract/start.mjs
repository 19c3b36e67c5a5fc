// Runs Prism until this process's standard input closes. A parent that dies, however it dies, closes that pipe: so no
// Prism is ever left behind. Arguments go to Prism as they are.
import { createRequire } from "node:module";

const end = () => process.exit(0);
process.stdin.resume();
process.stdin.once("end", end);
process.stdin.once("error", end);
createRequire(import.meta.url)("@stoplight/prism-cli/dist/index.js");
