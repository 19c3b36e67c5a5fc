// Runs an S3 server with one bucket until this process's standard input closes, and prints its port. Its keys are S3RVER and S3RVER.
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "s3-for-tests-"));
const end = () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
};
process.stdin.resume();
process.stdin.once("end", end);
process.stdin.once("error", end);
const S3rver = createRequire(import.meta.url)("s3rver");
const server = new S3rver({
  address: "127.0.0.1", port: 0, silent: true, directory: folder, configureBuckets: [{ name: "files" }],
});
const { port } = await server.run();
console.log(`listening on ${port}`);
