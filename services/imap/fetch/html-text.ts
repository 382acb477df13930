// The readable text of the beginning of an HTML page: tags, comments, styles and scripts left out, character references resolved.
// Not a parser: good enough for a preview, linear in its input, for any input.

export function htmlText(html: string): string {
  const lower = html.toLowerCase()
  let text = ''
  let at = 0
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open < 0) return text + resolved(html.slice(at))
    text += resolved(html.slice(at, open))
    const isComment = html.startsWith('<!--', open)
    const end = html.indexOf(isComment ? '-->' : '>', open)
    // A comment or tag that is cut off.
    if (end < 0) return text
    at = html.indexOf('>', end) + 1
    if (isComment) continue
    const [, slash, name = ''] = /^<(\/?)([a-z][a-z0-9]*)/.exec(lower.slice(open, open + 20)) ?? []
    if (slash === '' && hidden.has(name)) {
      const closing = lower.indexOf(`</${name}`, at)
      if (closing < 0) return text
      at = closing
    }
    // Inline elements stand inside of words.
    if (!inline.has(name)) text += ' '
  }
  return text
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

function resolved(text: string): string {
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
