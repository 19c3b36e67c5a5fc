import { el, clock, keepingEnd } from './dom.js';
import { channelCard, isForeign } from './channelcards.js';

const quickReplies = 'application/8x8.quick.replies';
const adaptiveCard = 'application/vnd.microsoft.card.adaptive';

/**
 * Shows a conversation's messages. Elements are kept by message, so that what is typed into a card survives an update.
 * own: the author whose bubbles stand at the right. act: what clicks do; null where cards are only looked at.
 * nameOf: the name of an agent's id.
 */
export class Thread {
  #list;
  #own;
  #act;
  #nameOf;
  #conversationId = null;
  #shown = new Map();
  #typingSince = new Map();

  constructor(list, own, act, nameOf) {
    this.#list = list;
    this.#own = own;
    this.#act = act;
    this.#nameOf = nameOf;
  }

  show(conversation) {
    keepingEnd(this.#list, () => {
      if (this.#conversationId !== conversation.id) {
        this.#conversationId = conversation.id;
        this.#shown.clear();
        this.#typingSince.clear();
        this.#list.replaceChildren();
      }
      this.#list.querySelectorAll('.typing').forEach(old => old.remove());
      const last = conversation.messages.at(-1);
      for (const message of conversation.messages) this.#showMessage(message, message === last, conversation.channel);
      this.#showRead(conversation);
      this.#showTyping(conversation);
    });
  }

  #showMessage(message, isLast, channel) {
    const version = JSON.stringify(message);
    const old = this.#shown.get(message.id);
    if (old?.version === version) {
      old.element.classList.toggle('latest', isLast);
      return;
    }
    // Only the flags of cards ever change: what was typed into a card stays to be seen.
    const element = old?.element ?? this.#bubble(message, channel);
    for (const card of message.cards) {
      if (card.actionSubmitted) this.#markSubmitted(element.querySelector(`[data-card="${CSS.escape(card.id)}"]`));
    }
    element.classList.toggle('latest', isLast);
    if (!old) this.#list.append(element);
    this.#shown.set(message.id, { version, element });
  }

  #bubble(message, channel) {
    const who = { user: 'Customer', bot: 'Bot', agent: this.#nameOf(message.authorId), system: 'System' }[message.author] ?? message.author;
    const content = [];
    if (message.text) content.push(el('div.bubble', {}, message.text));
    for (const file of message.attachments) content.push(attachment(file));
    for (const card of message.cards) {
      content.push(this.#card(card));
      if (isForeign(card, channel)) content.push(el('small.foreign', {}, `${channel} may not show this card`));
    }
    return el(
      `article.message.${message.author}${message.author === this.#own ? '.own' : ''}`,
      { 'data-testid': 'message', 'data-author': message.author },
      ...content,
      el('footer', {}, `${who} · ${clock(message.createdAt)}`));
  }

  #card(card) {
    if (card.contentType === quickReplies) return this.#quickReplies(card);
    if (card.contentType === adaptiveCard && globalThis.AdaptiveCards) return this.#adaptive(card);
    const own = channelCard(card, this.#act?.reply);
    if (own) return own;
    return el('details.card.raw', {},
      el('summary', {}, `${card.contentType} card`), el('pre', {}, JSON.stringify(card.content, null, 2)));
  }

  #quickReplies(card) {
    const buttons = (card.content.options ?? []).map(option => {
      const title = String(option.title ?? '');
      return el('button', {
        type: 'button',
        'data-testid': 'quick-reply',
        disabled: !this.#act,
        onclick: () => this.#act?.click(title, String(option.data?.postback ?? title)),
      }, title);
    });
    return el('div.quick-replies', { role: 'group', 'aria-label': 'Quick replies' }, ...buttons);
  }

  #adaptive(card) {
    const box = el('div.card', { 'data-testid': 'adaptive-card', 'data-card': card.id });
    try {
      const shown = new AdaptiveCards.AdaptiveCard();
      shown.hostConfig = hostConfig();
      shown.onExecuteAction = action => this.#execute(card, action);
      shown.parse(card.content);
      box.append(shown.render() ?? '');
    } catch (error) {
      box.append(el('p', {}, `This Adaptive Card cannot be shown: ${error.message}`));
    }
    if (!this.#act) box.setAttribute('inert', '');
    return box;
  }

  #markSubmitted(box) {
    if (!box || box.classList.contains('submitted')) return;
    box.classList.add('submitted');
    box.setAttribute('inert', '');
    box.append(el('small.submitted-note', {}, '✓ Submitted'));
  }

  #execute(card, action) {
    const type = action.getJsonTypeName();
    if (type === 'Action.OpenUrl') {
      if (/^https?:/i.test(action.url)) window.open(action.url, '_blank', 'noopener');
      return;
    }
    this.#act?.submit(action.data ?? {}, card.id, type);
  }

  #showTyping(conversation) {
    for (const who of [...this.#typingSince.keys()]) if (!conversation.typing.includes(who)) this.#typingSince.delete(who);
    for (const who of conversation.typing) {
      if (who === this.#own) continue;
      if (!this.#typingSince.has(who)) this.#typingSince.set(who, Date.now());
      if (Date.now() - this.#typingSince.get(who) > 60_000) continue;
      const does = { user: 'Customer is typing', bot: 'Bot is typing', agent: 'Agent is typing', thinking: 'Bot is thinking' }[who] ?? who;
      this.#list.append(el(`div.message.typing.${who}`, { 'aria-label': does, 'data-testid': 'typing' },
        el('div.bubble', {}, el('i'), el('i'), el('i')), el('footer', {}, does)));
    }
  }

  /** Marks the last message that the other side has read. */
  #showRead(conversation) {
    this.#list.querySelectorAll('.receipt').forEach(old => old.remove());
    for (const [reader, writers] of [['bot', ['user']], ['user', ['bot', 'agent']]]) {
      const upTo = conversation.readUpTo[reader];
      const read = upTo && conversation.messages.findLast(message => writers.includes(message.author) && message.createdAt <= upTo);
      if (!read) continue;
      this.#shown.get(read.id).element.querySelector('footer').append(
        el('span.receipt', { 'data-testid': 'receipt' }, ` ✓✓ read by ${reader === 'bot' ? 'the bot' : 'the customer'}`));
    }
  }
}

function attachment(file) {
  const name = [el('u', {}, file.filename), el('small', {}, ` ${size(file.sizeInBytes)}`)];
  return el('a.bubble.file', { href: file.url, target: '_blank', rel: 'noopener noreferrer' },
    file.kind === 'image' ? el('img', { src: file.url, alt: file.filename }) : null, el('span', {}, ...name));
}

const size = bytes => (bytes < 1024 ? `${bytes} B` : bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`);

function hostConfig() {
  // Variables rather than their values: the card follows a change between light and dark.
  const [text, soft, accent] = ['var(--text)', 'var(--soft)', 'var(--accent)'];
  const colors = {
    default: { default: text, subtle: soft },
    accent: { default: accent, subtle: accent },
    good: { default: 'var(--good)', subtle: 'var(--good)' },
    warning: { default: 'var(--busy)', subtle: 'var(--busy)' },
    attention: { default: 'var(--bad)', subtle: 'var(--bad)' },
  };
  return new AdaptiveCards.HostConfig({
    fontFamily: 'inherit',
    spacing: { small: 4, default: 10, medium: 16, large: 24, extraLarge: 32, padding: 4 },
    containerStyles: {
      default: { backgroundColor: 'transparent', foregroundColors: colors },
      emphasis: { backgroundColor: 'var(--raised)', foregroundColors: colors },
    },
    actions: { actionsOrientation: 'horizontal', actionAlignment: 'stretch', buttonSpacing: 8, maxActions: 8 },
  });
}
