// Runs Azurite until this process's standard input closes. A parent that dies, however it dies, closes
// that pipe: so no Azurite is ever left behind. Arguments go to Azurite as they are.
import { createRequire } from "node:module";

const end = () => {
  setTimeout(() => process.exit(0), 5000).unref();
  process.kill(process.pid, "SIGTERM"); // Azurite then writes what it holds, and ends
};
process.stdin.resume();
process.stdin.once("end", end);
process.stdin.once("error", end);
createRequire(import.meta.url)("azurite/dist/src/azurite.js");
