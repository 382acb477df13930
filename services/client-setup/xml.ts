// As much XML as mail programs write and read here. Written: elements with text. Read: the texts of elements, in one pass from left to right.
// No document type, so no entities but the five that everybody has; what is not XML as far as we look is refused.

const escapes: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** XML 1.0 §2.2: other control characters cannot stand in it, however they are written. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .toWellFormed()
    .replace(/[&<>"']/g, (character) => escapes[character] ?? '')

/** `attributes`: as they stand in the tag. */
export const element = (name: string, content: string | number, attributes = ''): string =>
  `<${name}${attributes === '' ? '' : ` ${attributes}`}>${typeof content === 'number' ? content : escapeXml(content)}</${name}>`

const DEPTH_MAX = 16
const NAME_CHARACTERS_MAX = 128

/** Texts of elements that hold nothing else, by their names without prefix; of several the first. Undefined: it is none. */
export function readTexts(xml: string): ReadonlyMap<string, string> | undefined {
  const texts = new Map<string, string>()
  const open: string[] = []
  let hasRoot = false
  let at = 0
  /** Begins behind the start tag that is innermost and has no element in it yet. */
  let textFrom: number | undefined
  while (at < xml.length) {
    const start = xml.indexOf('<', at)
    if (start < 0) break
    const isComment = xml.startsWith('<!--', start)
    const isInstruction = xml.startsWith('<?', start)
    // A document type, or marked text: nobody has a use for it here.
    if (!isComment && xml.startsWith('<!', start)) return undefined
    const ends = isComment ? '-->' : isInstruction ? '?>' : '>'
    const end = xml.indexOf(ends, start)
    if (end < 0) return undefined
    at = end + ends.length
    if (isComment || isInstruction) {
      textFrom = undefined
      continue
    }
    const tag = xml.slice(start + 1, end)
    const name = nameOf(tag.startsWith('/') ? tag.slice(1) : tag)
    if (name === undefined) return undefined
    if (tag.startsWith('/')) {
      if (open.pop() !== name) return undefined
      if (textFrom !== undefined && !texts.has(name)) {
        const text = readEscaped(xml.slice(textFrom, start))
        if (text === undefined) return undefined
        texts.set(name, text)
      }
      textFrom = undefined
      continue
    }
    if (open.length === 0 && hasRoot) return undefined
    hasRoot = true
    if (tag.endsWith('/')) {
      textFrom = undefined
      continue
    }
    if (open.push(name) > DEPTH_MAX) return undefined
    textFrom = at
  }
  return hasRoot && open.length === 0 ? texts : undefined
}

function nameOf(tag: string): string | undefined {
  const [, name = ''] =
    /^([\w.:-]{1,128})(?=[\s/]|$)/.exec(tag.slice(0, NAME_CHARACTERS_MAX + 1)) ?? []
  const local = name.slice(name.indexOf(':') + 1)
  return local === '' ? undefined : local
}

const entities: { readonly [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

function readEscaped(text: string): string | undefined {
  let isSound = true
  const read = text.replace(/&([^;&]{0,8});?/g, (_, name: string) => {
    const character = entities[name]
    if (character === undefined) isSound = false
    return character ?? ''
  })
  return isSound ? read.trim() : undefined
}
