// Runs Azurite until this process's standard input closes. A parent that dies, however it dies, closes
// that pipe: so no Azurite is ever left behind. Arguments go to Azurite as they are.
import { createRequire } from "node:module";

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
createRequire(import.meta.url)("azurite/dist/src/azurite.js");
