import { byId, el, toast } from './dom.js';
import { gateway } from './gateway.js';

// The drawer in which 8x8 is told to misbehave: switches that stay, faults that strike a few times, events of one's own.

const drawer = byId('behaviour');
const switches = byId('switches');
const faults = byId('faults');
const types = ['CONVERSATION_UPDATE', 'QUEUED', 'MEMBERS_CHANGED', 'TRANSFER', 'MESSAGE', 'ACTIVITY'];
let delays = {};

/** What can go wrong, as the control API wants it; the number n, where there is one, with its usual value and its unit. */
const kinds = {
  refuse: ['answers with status', n => ({ works: false, end: 'status', status: n }), 503, 'Status'],
  after: ['works, but answers with status', n => ({ end: 'status', status: n }), 502, 'Status'],
  drop: ['drops the connection, undone', () => ({ works: false, end: 'drop' })],
  lost: ['works, but the answer is lost', () => ({ end: 'drop' })],
  hang: ['works, but never answers', () => ({ end: 'hang' })],
  slow: ['is slow', n => ({ delayBefore: span(n) }), 5, 'Seconds'],
  later: ['accepts now and acts later', n => ({ visibilityDelay: span(n) }), 5, 'Seconds'],
};
const eventKinds = {
  late: ['comes late', n => ({ delayBefore: span(n) }), 5, 'Seconds'],
  copies: ['comes several times at once', n => ({ copies: n }), 3, 'Copies'],
};

const span = seconds => `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
const pad = number => String(Math.floor(number)).padStart(2, '0') + (number % 1 ? String(number % 1).slice(1, 5) : '');
const seconds = time => {
  const [h, m, s] = time.split(':').map(Number);
  return (h * 60 + m) * 60 + s;
};
const report = promise => promise.catch(error => { toast(error.message); });
const isEvent = () => types.includes(faults.elements.what.value) || faults.elements.what.value === '*';

export async function refreshBehaviour(setup) {
  if (setup?.webhooks) byId('event-webhook').replaceChildren(...setup.webhooks.map(webhook => el('option', { value: webhook.id }, webhook.name)));
  const [now, pending] = await Promise.all([gateway.switches(), gateway.faults()]);
  showSwitches(now);
  showFaults(pending);
  const unusual = pending.length + Object.keys(now.eventDelays).length + (now.deliveryOrder !== 'inOrder') + (now.copies > 1);
  byId('behaviour-count').textContent = unusual || '';
  byId('behaviour-count').hidden = !unusual;
}

function showSwitches(now) {
  const at = switches.elements;
  for (const name of ['deliveryOrder', 'copies', 'idleMessageStatus', 'availableAgents', 'schedule', 'staleAssignment']) if (document.activeElement !== at[name]) at[name].value = now[name];
  for (const name of ['transferBeforeLeft', 'clickAlsoWrites', 'preSignedUrls']) at[name].checked = now[name];
  delays = now.eventDelays;
  byId('delays').replaceChildren(...Object.entries(delays).map(([type, delay]) => el('li', {},
    el('span', {}, `${type === '*' ? 'All others' : type}: ${seconds(delay)} s late`),
    el('button.quiet', {
      type: 'button', 'aria-label': `No delay of ${type}`,
      onclick: () => { const { [type]: gone, ...rest } = delays; change({ eventDelays: rest }); },
    }, '✕'))));
}

function showFaults(pending) {
  byId('pending').replaceChildren(...pending.map(fault => el('li', { 'data-testid': 'pending-fault' }, el('span', {}, describe(fault)))));
  byId('clear-faults').hidden = pending.length === 0;
}

function describe(fault) {
  const what = fault.operation === 'deliver' ? `${fault.path ?? 'Any event'}` : fault.operation ?? 'Any request';
  const how = fault.copies > 1 ? `comes ${fault.copies} times`
    : fault.operation === 'deliver' ? `comes ${seconds(fault.delayBefore)} s late`
    : fault.end === 'status' ? `${fault.works ? 'works, answers' : 'answers'} ${fault.status}`
    : fault.end === 'drop' ? (fault.works ? 'works, the answer is lost' : 'is dropped')
    : fault.end === 'hang' ? 'never answers'
    : seconds(fault.visibilityDelay) ? `acts ${seconds(fault.visibilityDelay)} s later` : `takes ${seconds(fault.delayBefore)} s`;
  return `${what} ${how} · ${fault.times} ×`;
}

const change = what => report(gateway.change(what).then(showSwitches).then(() => refreshBehaviour()));

switches.addEventListener('change', event => {
  const at = event.target;
  if (!at.name || !at.checkValidity()) return;
  change({ [at.name]: at.type === 'checkbox' ? at.checked : at.type === 'number' ? Number(at.value) : at.name === 'idleMessageStatus' ? Number(at.value) : at.value });
});
switches.addEventListener('submit', event => event.preventDefault());
byId('delay-add').addEventListener('submit', event => {
  event.preventDefault();
  const { type, seconds: wait } = event.target.elements;
  change({ eventDelays: { ...delays, [type.value]: span(Number(wait.value)) } });
});

function offerKinds() {
  const offered = isEvent() ? eventKinds : kinds;
  faults.elements.how.replaceChildren(...Object.entries(offered).map(([value, [title]]) => el('option', { value }, title)));
  offerNumber();
}
function offerNumber() {
  const [, , usual, unit] = (isEvent() ? eventKinds : kinds)[faults.elements.how.value];
  byId('fault-unit').parentElement.hidden = usual === undefined;
  byId('fault-unit').textContent = unit ?? '';
  faults.elements.number.value = usual ?? 0;
}
faults.elements.what.addEventListener('change', offerKinds);
faults.elements.how.addEventListener('change', offerNumber);
faults.addEventListener('submit', event => {
  event.preventDefault();
  const { what, how, number, times } = faults.elements;
  const make = (isEvent() ? eventKinds : kinds)[how.value][1];
  const target = isEvent() ? { operation: 'deliver', path: what.value === '*' ? undefined : what.value } : { operation: what.value || undefined };
  report(gateway.addFault({ ...target, ...make(Number(number.value)), times: Number(times.value) }).then(() => refreshBehaviour()));
});
byId('clear-faults').addEventListener('click', () => report(gateway.clearFaults().then(() => refreshBehaviour())));
offerKinds();

byId('own-event').addEventListener('submit', event => {
  event.preventDefault();
  const { webhookId, body } = event.target.elements;
  const output = byId('own-event-result');
  output.textContent = 'sending…';
  gateway.postEvent(webhookId.value, body.value).then(
    ({ attempt }) => {
      output.textContent = attempt.status ? `It answered ${attempt.status}. ${attempt.response}` : attempt.response;
      output.dataset.tone = attempt.succeeded ? 'good' : 'bad';
    },
    error => { output.textContent = error.message; output.dataset.tone = 'bad'; });
});

byId('open-behaviour').addEventListener('click', () => {
  if (drawer.open) { drawer.close(); return; }
  drawer.show();
  report(refreshBehaviour());
});
byId('close-behaviour').addEventListener('click', () => drawer.close());

/** Faults are used up by what happens: the list follows while it is looked at. */
let waiting = null;
export function somethingHappened() {
  if (waiting || (!drawer.open && byId('behaviour-count').hidden)) return;
  waiting = setTimeout(() => { waiting = null; report(refreshBehaviour()); }, 300);
}

/** A text for the event of one's own, about the conversation at hand. */
export function suggestEvent(conversationId) {
  const body = byId('own-event').elements.body;
  if (document.activeElement === body || body.dataset.touched) return;
  body.value = JSON.stringify({
    eventType: 'MESSAGE', conversationId: conversationId ?? 'ID-0', timestamp: Date.now(),
    data: { isEcho: false, sender: { id: 'user', type: 'user' }, text: 'Hello' },
  }, null, 2);
}
byId('own-event').elements.body.addEventListener('input', event => { event.target.dataset.touched = 'true'; });
