import { el } from './dom.js';

// The cards of channels that bring their own: WhatsApp's Interactive, Location and Template, RCS's Suggestions and
// Carousel, Viber's Buttons. Their content may be wrapped in an object of the type's name.

const names = { Interactive: 'interactive', Location: 'location', Template: 'template', Suggestions: 'suggestions', Buttons: 'buttons', Carousel: 'carousel' };

/** Which channels show a card; what others do with it, 8x8 does not say. */
const shownOn = {
  'application/8x8.quick.replies': ['WebChat', 'ChatAPI'],
  'application/vnd.microsoft.card.adaptive': ['WebChat', 'ChatAPI'],
  Interactive: ['WhatsApp'], Location: ['WhatsApp'], Template: ['WhatsApp'],
  Suggestions: ['RCS'], Carousel: ['RCS'], Buttons: ['Viber'],
};

export const isForeign = (card, channel) => Boolean(shownOn[card.contentType]) && !shownOn[card.contentType].includes(channel);

/** The card's element, or null where its type or content is unknown. reply: what a click does; null where none may. */
export function channelCard(card, reply) {
  const name = names[card.contentType];
  if (!name) return null;
  const content = card.content?.[name] ?? card.content;
  try {
    return makers[card.contentType](content, reply);
  } catch {
    return null; // shown as it is
  }
}

const makers = {
  Interactive: (it, reply) => el('div.card.channel', {},
    header(it.header), text('p', it.body?.text), text('small', it.footer?.text), ...(actions[it.type]?.(it.action, reply) ?? unknown(it))),
  Location: it => el('div.card.channel', {}, text('strong', `Location${it.name ? `: ${it.name}` : ''}`), text('p', it.address), text('small', `${it.latitude}, ${it.longitude}`)),
  Template: it => el('div.card.channel', {}, text('strong', `Template “${it.name}”`), text('small', String(it.language?.code ?? it.language ?? '')), ...unknown(it.components)),
  Suggestions: (it, reply) => chips(list(it), reply),
  Carousel: (it, reply) => el('div.carousel', {}, ...list(it.cards).map(one => el('div.card.channel', {},
    picture(one.media?.contentInfo?.fileUrl), text('strong', one.title), text('p', one.description), chips(one.suggestions ?? [], reply)))),
  Buttons: it => el('div.card.channel', {}, picture(it.url), text('p', it.text), it.button ? link(it.button.caption, it.button.action) : null),
};

const actions = {
  button: (action, reply) => [el('div.choices', {}, ...list(action.buttons).map(button => choice(button.reply.title, reply && (() =>
    reply({ kind: 'button', id: button.reply.id, title: button.reply.title })))))],
  list: (action, reply) => [el('details.rows', {}, el('summary', {}, action.button), ...list(action.sections).flatMap(section => [
    section.title ? el('small', {}, section.title) : null,
    ...list(section.rows).map(row => choice(row.title, reply && (() =>
      reply({ kind: 'row', id: row.id, title: row.title, description: row.description })), row.description)),
  ]))],
  cta_url: action => [link(action.parameters.display_text, action.parameters.url)],
  flow: (action, reply) => [flowForm(action, reply)],
  location_request_message: (action, reply) => [el('div.choices', {}, choice('Send location', reply && (() =>
    reply({ kind: 'location', latitude: 51.5007, longitude: -0.1246 }))))],
};

/** 8x8 does not show the form itself: what it would bring back is typed as JSON. */
function flowForm(action, reply) {
  const answers = el('textarea', { rows: '2', 'aria-label': 'Answers as JSON' });
  answers.value = '{ "answer": "yes" }';
  return el('form.flow', {
    onsubmit: event => {
      event.preventDefault();
      let json;
      try { json = JSON.parse(answers.value); } catch { answers.setCustomValidity('Not JSON'); answers.reportValidity(); return; }
      reply?.({ kind: 'flow', answers: json });
    },
    oninput: () => answers.setCustomValidity(''),
  }, answers, el('button', { disabled: !reply }, action.parameters?.flowCta ?? 'Send form'));
}

function chips(suggestions, reply) {
  return el('div.quick-replies', { role: 'group', 'aria-label': 'Suggestions' }, ...suggestions.map(suggestion => {
    const it = suggestion.reply ?? suggestion.action;
    const url = suggestion.action?.openUrlAction?.url;
    return url ? link(it.text, url) : choice(it.text, reply && (() => reply({ kind: 'suggestion', text: it.text, postbackData: it.postbackData })));
  }));
}

const choice = (title, act, description) => el('button', { type: 'button', disabled: !act, onclick: act, 'data-testid': 'channel-choice' },
  title, description ? el('small', {}, ` ${description}`) : null);
const link = (title, url) => (/^https?:/i.test(url ?? '')
  ? el('a.button', { href: url, target: '_blank', rel: 'noopener noreferrer' }, `${title} ↗`) : text('small', `${title}: ${url}`));
const text = (tag, value) => (value ? el(tag, {}, String(value)) : null);
const picture = url => (/^https?:/i.test(url ?? '') ? el('img', { src: url, alt: '' }) : null);
const header = it => (it?.text ? text('strong', it.text) : picture(it?.image?.link));
const list = value => {
  if (!Array.isArray(value)) throw new TypeError('A list was expected.');
  return value;
};
const unknown = value => (value ? [el('details', {}, el('summary', {}, 'Content'), el('pre', {}, JSON.stringify(value, null, 2)))] : []);
