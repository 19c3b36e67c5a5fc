// Reads JSON from standard input: a secret, and requests of which it tells by a line each whether they are signed with it.
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const { secret, requests } = JSON.parse(await text(process.stdin));
const webhook = new Webhook(secret);
for (const { headers, body } of requests) {
  try {
    webhook.verify(body, headers);
    console.log("signed");
  } catch (error) {
    console.log(error.message);
  }
}
