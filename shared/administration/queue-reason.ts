// What replies have in common that differ only in whom, where and when: the same refusal of one host names another address, queue id or
// time each time.
//
// Implementation notes: others chose these texts. One walk over the words, each looked at once; what is longer than a reply is cut first.

/** Of what nobody has said anything yet. */
export const NOT_TRIED_YET = '(not tried yet)'

const REPLY_CHARACTERS_MAX = 500
/** A word with as many letters and digits mixed is a name that was made up: an id, a hash. */
const ID_CHARACTERS_MIN = 8

/** The reply with what changes from message to message left out. */
export function normalReason(reply: string): string {
  const words = reply.slice(0, REPLY_CHARACTERS_MAX).split(/\s+/).filter(Boolean)
  let place = 0
  return words
    .map((word) => {
      // Codes tell reasons apart: they stand first, or behind `said:`.
      const isCode = place < CODES_MAX && CODE.test(word)
      place = isCode ? place + 1 : word.endsWith(':') ? 0 : place
      return isCode ? word : normalWord(word)
    })
    .join(' ')
}

/** `450 4.7.1`. */
const CODES_MAX = 2
const CODE = /^[245]\d\d(?:[- ]|$)|^[245]\.\d{1,3}\.\d{1,3}$/

function normalWord(word: string): string {
  let from = 0
  let to = word.length
  while (from < to && OPENING.includes(word.charAt(from))) from++
  while (to > from && CLOSING.includes(word.charAt(to - 1))) to--
  return word.slice(0, from) + normalInner(word.slice(from, to)) + word.slice(to)
}

const OPENING = '<([{"\''
const CLOSING = '>)]}"\',.;:!?'

function normalInner(text: string): string {
  if (/^https?:/i.test(text)) return '(url)'
  if (text.includes('@')) return '(address)'
  if (/^\[?[\da-f.:]{7,45}\]?$/i.test(text) && /\d/.test(text) && /[.:]/.test(text)) return '(ip)'
  if (/^[\d.,:/+-]+[a-z]{0,2}$/i.test(text) && /\d/.test(text)) return '#'
  const isMixed = /\d/.test(text) && /[a-z]/i.test(text)
  if (isMixed && text.length >= ID_CHARACTERS_MIN && !isHostName(text)) return '(id)'
  return text
}

const isHostName = (text: string) =>
  /^[a-z\d.-]{1,255}(?:\[[\da-f.:]{2,45}\]?(?::\d{1,5})?)?$/i.test(text) && text.includes('.')
