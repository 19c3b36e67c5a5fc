import { byId, el, clock, toast } from './dom.js';
import { gateway, listen } from './gateway.js';
import { Thread } from './bubbles.js';
import { showEntry, showLog } from './eventlog.js';
import { refreshBehaviour, somethingHappened, suggestEvent } from './behaviour.js';

const conversations = new Map();
let setup = { webhooks: [], queues: [], agents: [] };
let customerId = null;
let agentId = null;

const report = promise => promise.catch(error => { toast(error.message); });
const byOrder = () => [...conversations.values()].sort((one, other) => other.order - one.order);
const nameOf = conversation => conversation.user.name || 'Customer';
const agentName = id => setup.agents.find(agent => agent.id === id)?.name ?? id;
const me = () => byId('agent-who').value;
const queueName = id => setup.queues.find(queue => queue.id === id)?.name ?? `queue ${id}`;

const customerThread = new Thread(byId('customer-thread'), 'user', {
  click: (title, payload) => report(gateway.customer(customerId, 'click', { title, payload })),
  submit: (data, cardId, type) => report(gateway.customer(customerId, 'submit', { data, cardId, type })),
  reply: reply => report(gateway.customer(customerId, 'reply', reply)),
}, id => agentName(id));
const agentThread = new Thread(byId('agent-thread'), 'agent', null, id => agentName(id));

/** Who has the conversation now: what to write, and in which tone. */
function status(conversation) {
  if (conversation.state === 'idle') return ['Ended', 'idle'];
  if (conversation.assignment.type === 'agent') return [`Agent ${agentName(conversation.assignment.id)}`, 'agent'];
  if (conversation.assignment.type === 'queue') return [`In queue: ${queueName(conversation.assignment.id)}`, 'queue'];
  return [conversation.postAgentUntil ? `Bot, after the agent, until ${clock(conversation.postAgentUntil)}` : 'Bot', 'bot'];
}

function showStatus(element, conversation) {
  const [text, tone] = status(conversation);
  element.textContent = text;
  element.dataset.tone = tone;
}

function render() {
  renderCustomer();
  renderAgent();
}

function renderCustomer() {
  const conversation = conversations.get(customerId);
  const chatting = Boolean(conversation);
  byId('start').hidden = chatting;
  for (const id of ['customer-head', 'customer-thread', 'customer-compose']) byId(id).hidden = !chatting;
  if (!chatting) return;

  byId('customer-pick').replaceChildren(...byOrder().map(one =>
    el('option', { value: one.id, selected: one.id === customerId }, `${nameOf(one)} · ${one.channel} · ${one.messages[0] ? clock(one.messages[0].createdAt) : 'new'}`)));
  byId('customer-pick').value = customerId;
  showStatus(byId('customer-status'), conversation);
  for (const id of ['customer-leave', 'customer-idle']) byId(id).disabled = conversation.state === 'idle';
  suggestEvent(customerId);
  byId('customer-compose').elements.text.placeholder =
    conversation.state === 'idle' ? 'Write to open it again' : 'Write as the customer';
  customerThread.show(conversation);
}

function renderAgent() {
  // Who waits comes first, then who is served, then who talks with the bot and might be taken.
  const place = { queue: 0, agent: 1, script: 2 };
  const desk = byOrder().filter(one => one.state !== 'idle').sort((one, other) => place[one.assignment.type] - place[other.assignment.type]);
  byId('desk').replaceChildren(...desk.map(deskRow));
  if (!desk.some(one => one.id === agentId)) agentId = desk.find(one => one.assignment.type === 'agent' && one.assignment.id === me())?.id ?? null;

  const conversation = conversations.get(agentId);
  byId('agent-empty').hidden = desk.length > 0;
  byId('case').hidden = !conversation;
  if (!conversation) return;

  const served = conversation.assignment.type === 'agent' && conversation.assignment.id === me();
  byId('queued-again').hidden = conversation.assignment.type !== 'queue';
  if (byId('case').dataset.conversation !== conversation.id + conversation.queueId) {
    byId('case').dataset.conversation = conversation.id + conversation.queueId;
    byId('transfer-queue').value = setup.queues.find(queue => queue.id !== conversation.queueId)?.id ?? '';
  }
  byId('case-name').textContent = nameOf(conversation);
  showStatus(byId('case-status'), conversation);
  for (const id of ['transfer', 'transfer-queue', 'agent-leave']) byId(id).disabled = !served;
  for (const control of byId('agent-compose').elements) control.disabled = !served;
  agentThread.show(conversation);
}

function deskRow(conversation) {
  const waits = conversation.assignment.type === 'queue';
  const take = action => {
    agentId = conversation.id;
    report(gateway.agent(conversation.id, action, { agentId: me() }).then(() => byId('agent-compose').elements.text.focus()));
  };
  const last = conversation.messages.at(-1);
  return el(`li${conversation.id === agentId ? '.chosen' : ''}`, { 'data-testid': 'desk-row', 'data-conversation': conversation.id },
    el('button.row-open', {
      type: 'button', 'aria-pressed': String(conversation.id === agentId), 'data-testid': 'desk-open',
      onclick: () => { agentId = conversation.id; renderAgent(); },
    },
    el('strong', {}, nameOf(conversation)), el('small', {}, ` ${conversation.channel} · ${status(conversation)[0]}`),
    el('span.preview', {}, last?.text ?? '')),
    waits ? el('button.main', {
      type: 'button', 'data-testid': 'accept', 'aria-label': `Accept ${nameOf(conversation)}`,
      onclick: () => take('accept'),
    }, 'Accept') : null,
    conversation.assignment.type === 'script' ? el('button.quiet', {
      type: 'button', 'data-testid': 'take', 'aria-label': `Take ${nameOf(conversation)} from the bot`, onclick: () => take('take'),
    }, 'Take') : null);
}

function renderSetup() {
  byId('tenant').textContent = `Tenant ${setup.tenantId} · key ${setup.apiKey}`;
  byId('no-webhook').hidden = setup.webhooks.length > 0;
  const pick = byId('start').elements.webhookId;
  const chosen = pick.value;
  pick.replaceChildren(...setup.webhooks.map(webhook => el('option', { value: webhook.id }, webhook.name)));
  if (setup.webhooks.some(webhook => webhook.id === chosen)) pick.value = chosen;
  byId('start').querySelector('button.main').disabled = setup.webhooks.length === 0;
  const who = byId('agent-who').value;
  byId('agent-who').replaceChildren(...setup.agents.map(agent => el('option', { value: agent.id }, agent.name)));
  if (setup.agents.some(agent => agent.id === who)) byId('agent-who').value = who;
  byId('transfer-queue').replaceChildren(...setup.queues.map(queue => el('option', { value: queue.id }, queue.name)));
  byId('webhook-list').replaceChildren(...setup.webhooks.map(webhookRow));
}

function webhookRow(webhook) {
  const result = el('output', { 'data-testid': 'test-result' });
  return el('li', { 'data-testid': 'webhook' },
    el('div', {}, el('strong', {}, webhook.name), el('code', {}, webhook.uri), result),
    el('button', {
      type: 'button', 'data-testid': 'test-connection',
      onclick: async () => {
        result.textContent = 'asking…';
        const attempt = await report(gateway.test(webhook.id));
        if (attempt) showTest(result, attempt);
      },
    }, 'Test Connection'),
    el('button.quiet', {
      type: 'button', 'aria-label': `Remove ${webhook.name}`, 'data-testid': 'remove-webhook',
      onclick: () => report(gateway.remove(webhook.id)),
    }, 'Remove'));
}

function showTest(output, attempt) {
  output.textContent = attempt.succeeded ? `✓ It answered ${attempt.status}.`
    : attempt.status ? `✗ It answered ${attempt.status}; 2xx is needed.` : `✗ ${attempt.response}`;
  output.dataset.tone = attempt.succeeded ? 'good' : 'bad';
}

/** Tells "types" while someone types, and "stopped" two seconds later. */
function typing(input, tell) {
  let timer = null;
  const stop = send => {
    clearTimeout(timer);
    if (timer !== null && send) tell(false);
    timer = null;
  };
  input.addEventListener('input', () => {
    if (timer === null) tell(true);
    clearTimeout(timer);
    timer = setTimeout(() => stop(true), 2000);
  });
  return () => stop(false);
}

function compose(form, currentId, side) {
  const input = form.elements.text;
  const stopped = typing(input, on => gateway[side](currentId(), 'type', { typing: on }).catch(() => {}));
  form.addEventListener('submit', event => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    stopped();
    input.value = '';
    report(gateway[side](currentId(), 'say', { text }));
  });
}

compose(byId('customer-compose'), () => customerId, 'customer');
compose(byId('agent-compose'), () => agentId, 'agent');

byId('start').addEventListener('submit', async event => {
  event.preventDefault();
  const fields = event.target.elements;
  const name = fields.name.value.trim();
  const started = await report(gateway.start({
    webhookId: fields.webhookId.value,
    channel: fields.channel.value,
    text: fields.text.value.trim() || undefined,
    user: { ...(name && { name }), language: fields.language.value.trim() || 'en' },
  }));
  if (!started) return;
  customerId = started.id;
  if (!conversations.has(started.id)) conversations.set(started.id, started);
  render();
  byId('customer-compose').elements.text.focus();
});

byId('customer-pick').addEventListener('change', event => { customerId = event.target.value; renderCustomer(); });
byId('customer-new').addEventListener('click', () => { customerId = null; renderCustomer(); byId('start').elements.text.focus(); });
byId('customer-leave').addEventListener('click', () => report(gateway.customer(customerId, 'leave')));
byId('agent-leave').addEventListener('click', () => report(gateway.agent(agentId, 'leave')));
byId('transfer').addEventListener('click', () =>
  report(gateway.agent(agentId, 'transfer', { queueId: byId('transfer-queue').value })));

byId('agent-who').addEventListener('change', () => { agentId = null; renderAgent(); });
byId('queued-again').addEventListener('click', () => report(gateway.queued(agentId)));
byId('customer-idle').addEventListener('click', () => report(gateway.idle(customerId)));
byId('customer-read').addEventListener('click', () => report(gateway.customer(customerId, 'read')));
byId('customer-attach').addEventListener('click', () => byId('customer-file').click());
byId('customer-file').addEventListener('change', event => {
  const [file] = event.target.files;
  if (!file) return;
  const form = new FormData();
  form.append('file', file);
  const input = byId('customer-compose').elements.text;
  if (input.value.trim()) form.append('text', input.value.trim());
  input.value = '';
  event.target.value = '';
  report(gateway.customer(customerId, 'file', form));
});

const openWebhooks = () => byId('webhooks').showModal();
byId('open-webhooks').addEventListener('click', openWebhooks);
byId('register-first').addEventListener('click', openWebhooks);
byId('close-webhooks').addEventListener('click', () => byId('webhooks').close());
byId('register').addEventListener('submit', async event => {
  event.preventDefault();
  const form = event.target;
  const made = await report(gateway.register({ name: form.elements.name.value, uri: form.elements.uri.value }));
  if (!made) return;
  form.reset();
  await loadSetup();
  showTest(byId('webhook-list').lastElementChild.querySelector('output'), made.test);
});

for (const tab of document.querySelectorAll('[data-show]')) {
  tab.addEventListener('click', () => {
    document.body.dataset.pane = tab.dataset.show;
    for (const other of document.querySelectorAll('[data-show]')) other.setAttribute('aria-pressed', String(other === tab));
  });
}

async function loadSetup() {
  setup = await gateway.setup();
  renderSetup();
  await refreshBehaviour(setup);
}

async function load() {
  const [all, log] = await Promise.all([gateway.conversations(), gateway.log(), loadSetup()]);
  conversations.clear();
  for (const conversation of all) conversations.set(conversation.id, conversation);
  if (!conversations.has(customerId)) customerId = byOrder()[0]?.id ?? null;
  showLog(log);
  render();
}

const live = (text, tone) => {
  byId('live').textContent = text;
  byId('live').dataset.tone = tone;
};

listen({
  ready: () => { live('live', 'good'); report(load()); },
  lost: () => live('connecting…', 'bad'),
  conversation: conversation => { conversations.set(conversation.id, conversation); render(); },
  log: entry => { showEntry(entry); somethingHappened(); },
  setup: () => report(loadSetup()),
});
