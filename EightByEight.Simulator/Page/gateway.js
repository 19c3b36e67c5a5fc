// The simulator's control API and its live updates.

async function call(method, path, body) {
  const response = await fetch(`/simulator/${path}`, {
    method,
    headers: body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' },
    body: body === undefined || body instanceof FormData || typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const json = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error(json?.detail ?? `The simulator answered ${response.status}.`);
  return json;
}

const of = id => `conversations/${encodeURIComponent(id)}`;

export const gateway = {
  setup: () => call('GET', 'setup'),
  conversations: () => call('GET', 'conversations'),
  log: () => call('GET', 'log'),
  start: start => call('POST', 'conversations', start),
  customer: (id, action, body = {}) => call('POST', `${of(id)}/customer/${action}`, body),
  agent: (id, action, body = {}) => call('POST', `${of(id)}/agent/${action}`, body),
  idle: id => call('POST', `${of(id)}/idle`, {}),
  queued: id => call('POST', `${of(id)}/queued`, {}),
  switches: () => call('GET', 'switches'),
  change: switches => call('PATCH', 'switches', switches),
  faults: () => call('GET', 'faults'),
  addFault: fault => call('POST', 'faults', fault),
  clearFaults: () => call('DELETE', 'faults'),
  postEvent: (webhookId, body) => call('POST', `webhooks/${encodeURIComponent(webhookId)}/events`, body),
  redeliver: eventId => call('POST', `events/${encodeURIComponent(eventId)}/redeliver`, {}),
  register: webhook => call('POST', 'webhooks', webhook),
  test: id => call('POST', `webhooks/${encodeURIComponent(id)}/test`),
  remove: id => call('DELETE', `webhooks/${encodeURIComponent(id)}`),
};

/** handlers: ready, lost, conversation, log, setup. The browser connects again by itself. */
export function listen(handlers) {
  const source = new EventSource('/simulator/live');
  for (const name of ['ready', 'conversation', 'log', 'setup']) {
    source.addEventListener(name, event => handlers[name](JSON.parse(event.data)));
  }
  source.onerror = () => handlers.lost();
}
