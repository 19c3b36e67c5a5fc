import { byId, el, preciseClock, toast } from './dom.js';
import { gateway } from './gateway.js';

const most = 1000;
const entries = new Map();
const rows = new Map();
const filter = byId('log-filter');
const direction = byId('log-direction');

/** Shows an entry, or shows it anew. */
export function showEntry(entry) {
  const isNew = !entries.has(entry.number);
  entries.set(entry.number, entry);
  const old = rows.get(entry.number);
  const row = makeRow(entry, old?.querySelector('details')?.open);
  row.hidden = !matches(entry);
  rows.set(entry.number, row);
  if (old) old.replaceWith(row);
  else byId('log').prepend(row);
  if (isNew && entries.size > most) forget(Math.min(...entries.keys()));
  byId('log-empty').hidden = true;
}

export function showLog(newestFirst) {
  for (const entry of [...newestFirst].reverse()) showEntry(entry);
}

function forget(number) {
  entries.delete(number);
  rows.get(number)?.remove();
  rows.delete(number);
}

function matches(entry) {
  if (direction.value && entry.direction !== direction.value) return false;
  const wanted = filter.value.trim().toLowerCase();
  return !wanted || JSON.stringify(entry).toLowerCase().includes(wanted);
}

function applyFilter() {
  for (const [number, entry] of entries) rows.get(number).hidden = !matches(entry);
}

filter.addEventListener('input', applyFilter);
direction.addEventListener('change', applyFilter);

function makeRow(entry, open) {
  const out = entry.direction === 'Outbound';
  const details = el('details', { open },
    el('summary', {},
      el('time', { datetime: entry.timestamp }, preciseClock(entry.timestamp)),
      el(`span.way.${out ? 'out' : 'in'}`, { title: out ? '8x8 to the webhook' : 'Request to 8x8', 'aria-label': entry.direction }, out ? '→' : '←'),
      el('span.type', {}, entry.recordType),
      el('span.brief', {}, brief(entry)),
      entry.retryAttempts ? el('span.retries', { title: 'Retry attempts' }, `↻ ${entry.retryAttempts}`) : null,
      el(`span.chip.${tone(entry.status)}`, { 'data-testid': 'log-status' }, entry.status)));
  // Bodies are written when they are looked at: most never are.
  const fill = () => { if (details.childElementCount === 1) details.append(body(entry)); };
  if (open) fill();
  details.addEventListener('toggle', fill);
  return el('li', { 'data-testid': 'log-entry', 'data-type': entry.recordType }, details);
}

function body(entry) {
  const facts = [
    ['Conversation', entry.conversationId], ['Channel', entry.channelId], ['Webhook', entry.webhookId],
    ['Event id', entry.eventId], ['Interaction', entry.interactionId], ['Duration', milliseconds(entry.duration)],
  ].filter(([, value]) => value);
  return el('div.entry-body', {},
    el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
    entry.body ? el('pre', { tabindex: '0' }, pretty(entry.body)) : null,
    entry.responseBody ? el('p', {}, 'Answer') : null,
    entry.responseBody ? el('pre', { tabindex: '0' }, pretty(entry.responseBody)) : null,
    entry.attempts.length ? el('ul.attempts', {}, ...entry.attempts.map(attempt => el('li', {},
      `retry ${attempt.retry}: ${attempt.status ?? 'no answer'} at ${preciseClock(attempt.at)} (${milliseconds(attempt.duration)})`))) : null,
    entry.direction === 'Outbound' && entry.eventId && entry.recordType !== 'VERIFY_WEBHOOK'
      ? el('button', {
        type: 'button', 'data-testid': 'redeliver',
        onclick: () => gateway.redeliver(entry.eventId).catch(error => toast(error.message)),
      }, 'Deliver again')
      : null);
}

/** What tells this entry from others of its type. */
function brief(entry) {
  try {
    const body = JSON.parse(entry.body);
    const data = body.data ?? body;
    return [data.state, data.assignment?.type, data.name, data.text, data.queueName, data.memberType, data.change, data.authorType]
      .filter(part => typeof part === 'string').join(' · ');
  } catch {
    return '';
  }
}

function tone(status) {
  if (/^(Success|2\d\d$)/.test(status)) return 'good';
  if (/^(Pending|Retrying)/.test(status)) return 'busy';
  return 'bad';
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** From 00:00:01.2345678 to 1235 ms. */
function milliseconds(duration) {
  if (!duration) return null;
  const [hours, minutes, seconds] = duration.split(':').map(Number);
  return `${Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000)} ms`;
}
