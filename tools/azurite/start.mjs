// Runs Azurite until this process's standard input closes. A parent that dies, however it dies, closes
// that pipe: so no Azurite is ever left behind. Arguments go to Azurite as they are.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const end = () => {
  setTimeout(() => process.exit(0), 5000).unref();
  process.kill(process.pid, "SIGTERM"); // Azurite then writes what it holds, and ends
};
process.stdin.resume();
process.stdin.once("end", end);
process.stdin.once("error", end);

// Azurite's database sorts all that there is after each change of several rows, even if they are none: with each look at a queue, and for
// each text of a deleted message, which it clears away once a minute. That stops it for half a minute after a busy one. One row
// after the other finds its place at once.
const collection = createRequire(require.resolve("azurite/package.json"))("lokijs").Collection.prototype;
const { update, removeBatch, removeBatchByPositions } = collection;
collection.update = function (documents) {
  if (!Array.isArray(documents)) return update.call(this, documents);
  for (const document of documents) update.call(this, document);
};
collection.removeBatch = function (documents) {
  if (documents.length > 0) removeBatch.call(this, documents);
};
collection.removeBatchByPositions = function (positions) {
  if (positions.length > 1) return removeBatchByPositions.call(this, positions);
  for (const position of positions) this.remove(this.data[position]);
};

require("azurite/dist/src/azurite.js");
