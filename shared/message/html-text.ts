// The readable text of the beginning of an HTML page: tags, comments, styles and scripts left out, character references resolved.
// Not a parser: good enough for a preview, linear in its input, for any input: one walk over the characters, which never goes back.

const LESS = 0x3c
const GREATER = 0x3e
const SLASH = 0x2f
const BANG = 0x21
const HYPHEN = 0x2d

/** Blocks and white space stay apart; whoever shows it joins blanks. Cut off anywhere it is the text up to there. */
export function htmlText(html: string): string {
  let text = ''
  let at = 0
  while (at < html.length) {
    const open = indexOfCode(html, LESS, at)
    text += resolve(html.slice(at, open))
    if (open === html.length) break
    const isComment = isCommentAt(html, open)
    const end = isComment ? endOfComment(html, open) : indexOfCode(html, GREATER, open)
    // A comment or tag that is cut off.
    if (end === html.length) break
    at = end + 1
    if (isComment) continue
    const isClosing = html.charCodeAt(open + 1) === SLASH
    const name = nameAt(html, isClosing ? open + 2 : open + 1)
    if (!isClosing && hidden.has(name)) {
      at = endOfHidden(html, name, at)
      if (at === html.length) break
    }
    // Inline elements stand inside of words.
    if (!inline.has(name)) text += ' '
  }
  return text
}

/** The end of the text where it is not found. */
function indexOfCode(html: string, code: number, from: number): number {
  let at = from
  while (at < html.length && html.charCodeAt(at) !== code) at++
  return at
}

function isCommentAt(html: string, open: number): boolean {
  return (
    html.charCodeAt(open + 1) === BANG &&
    html.charCodeAt(open + 2) === HYPHEN &&
    html.charCodeAt(open + 3) === HYPHEN
  )
}

/** The `>` of `-->`, whose hyphens may be those of the beginning. */
function endOfComment(html: string, open: number): number {
  for (let at = open + 4; at < html.length; at++) {
    if (
      html.charCodeAt(at) === GREATER &&
      html.charCodeAt(at - 1) === HYPHEN &&
      html.charCodeAt(at - 2) === HYPHEN
    ) {
      return at
    }
  }
  return html.length
}

/** Where the closing tag of the element begins. */
function endOfHidden(html: string, name: string, from: number): number {
  for (let at = from; at < html.length; at++) {
    if (
      html.charCodeAt(at) === LESS &&
      html.charCodeAt(at + 1) === SLASH &&
      nameAt(html, at + 2) === name
    ) {
      return at
    }
  }
  return html.length
}

/** The longest name in the tables below; a longer one is none of them. */
const NAME_CHARACTERS_MAX = 8

/** The name of an element in lower case, '' where none stands there. */
function nameAt(html: string, from: number): string {
  let name = ''
  for (let at = from; name.length <= NAME_CHARACTERS_MAX; at++) {
    const lower = html.charCodeAt(at) | 0x20
    const isLetter = lower >= 0x61 && lower <= 0x7a
    const isDigit = lower >= 0x30 && lower <= 0x39 && at > from
    if (!isLetter && !isDigit) break
    name += String.fromCharCode(lower)
  }
  return name
}

/** Elements whose content is not text. */
const hidden: ReadonlySet<string> = new Set([
  'head',
  'noscript',
  'script',
  'style',
  'template',
  'title',
])

const inline: ReadonlySet<string> = new Set(
  'a abbr b bdi bdo big cite code em font i ins mark s small span strong sub sup tt u wbr'.split(
    ' ',
  ),
)

const named: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  copy: '©',
  euro: '€',
  gt: '>',
  hellip: '…',
  laquo: '«',
  ldquo: '“',
  lsquo: '‘',
  lt: '<',
  mdash: '—',
  nbsp: ' ',
  ndash: '–',
  quot: '"',
  raquo: '»',
  rdquo: '”',
  reg: '®',
  rsquo: '’',
  shy: '',
  zwnj: '',
}

function resolve(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (whole, ...groups) => {
    const [decimal, hexadecimal, name]: (string | undefined)[] = groups
    if (name !== undefined) return named[name.toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000)
      ? String.fromCodePoint(code)
      : ''
  })
}
