// Reads a transcript: a dialogue with a server as text. The format is described in `player.ts`, which plays it.

export type Transcript = {
  /** `key: value` lines above the first empty line. */
  readonly header: Header
  readonly steps: readonly Step[]
}

export type Header = { readonly [key: string]: string }

export type Step = { readonly line: number; readonly connection: number } & (
  | { readonly kind: 'send'; readonly bytes: string; readonly times: number }
  | { readonly kind: 'half-close' }
  | { readonly kind: 'expect-line'; readonly pattern: string; readonly prefix: boolean }
  | { readonly kind: 'expect-bytes'; readonly bytes: string; readonly times: number }
  | { readonly kind: 'expect-close' }
  | { readonly kind: 'tls' }
)

export function parseTranscript(text: string): Transcript {
  const lines = text.split(/\r?\n/)
  const header: Record<string, string> = {}
  const steps: Step[] = []
  let inHeader = true
  for (const [index, line] of lines.entries()) {
    const number = index + 1
    if (inHeader && line === '') inHeader = false
    else if (line === '' || line.startsWith('#')) continue
    else if (inHeader) addHeaderLine(header, line, number)
    else steps.push(parseStep(line, number))
  }
  if (steps.length === 0)
    throw new Error('a transcript without a dialogue: is the empty line missing?')
  return { header, steps }
}

function addHeaderLine(header: Record<string, string>, line: string, number: number): void {
  const match = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line)
  const [, key = '', value = ''] = match ?? []
  if (!match || key in header) throw new Error(`line ${number}: not a new header line: ${line}`)
  header[key] = value.trimEnd()
}

function parseStep(line: string, number: number): Step {
  const match = /^(\d*)(TLS|[CS][:!*])(?: ?(.*))?$/s.exec(line)
  if (!match) throw new Error(`line ${number}: not a step: ${line}`)
  const [, connection = '', verb = '', text = ''] = match
  const at = { line: number, connection: connection === '' ? 1 : Number(connection) }
  switch (verb) {
    case 'TLS':
      return { ...at, kind: 'tls' }
    case 'C:':
      if (text === 'EOF') return { ...at, kind: 'half-close' }
      return { ...at, kind: 'send', bytes: toByteString(`${text}\r\n`), times: 1 }
    case 'C!':
      return { ...at, kind: 'send', bytes: parseByteString(text, number), times: 1 }
    case 'C*':
      return { ...at, kind: 'send', ...parseRepeated(text, number) }
    case 'S:':
      if (text === 'EOF') return { ...at, kind: 'expect-close' }
      return text.endsWith('~')
        ? { ...at, kind: 'expect-line', pattern: text.slice(0, -1), prefix: true }
        : { ...at, kind: 'expect-line', pattern: text, prefix: false }
    case 'S!':
      return { ...at, kind: 'expect-bytes', bytes: parseByteString(text, number), times: 1 }
    case 'S*':
      return { ...at, kind: 'expect-bytes', ...parseRepeated(text, number) }
    default:
      throw new Error(`line ${number}: not a step: ${line}`)
  }
}

function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function parseRepeated(
  text: string,
  number: number,
): { readonly bytes: string; readonly times: number } {
  const [, times = '', json = ''] = /^(\d+) (.*)$/.exec(text) ?? []
  return { bytes: parseByteString(json, number), times: Number(times) }
}

function parseByteString(json: string, number: number): string {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'string' || /[^\0-\xff]/.test(value)) {
    throw new Error(`line ${number}: not a JSON string of characters up to U+00FF: ${json}`)
  }
  return value
}
