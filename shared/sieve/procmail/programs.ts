// Programs that a recipe gives mail to, and what does the same here. Only a few ways of use are so common that everybody writes them alike.

export type KnownProgram =
  /** Asks a filter; this server has asked its own before a script runs. */
  | { readonly kind: 'spam-filter' }
  /** `formail -D`: mail that was there before. */
  | { readonly kind: 'seen-before' }
  /** `formail -rD`: whether the sender was answered before; the recipe behind it answers. */
  | { readonly kind: 'answered-before' }
  /** `formail -r … | sendmail -t`: an answer. */
  | { readonly kind: 'answer'; readonly text: string; readonly files: readonly string[] }
  /** vacation(1), which has its text in a file. */
  | { readonly kind: 'vacation' }
  /** Delivery to a folder of Dovecot; with its quotes. */
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly name: string }

export function knownProgram(command: string): KnownProgram {
  const name = programName(command)
  if (spamFilters.has(name)) return { kind: 'spam-filter' }
  if (/\bformail\b/.test(command)) return formail(command)
  if (name === 'vacation') return { kind: 'vacation' }
  if (name === 'deliver' || name === 'dovecot-lda') {
    const at = command.search(/\s-m/)
    const folder = at < 0 ? '' : argumentAt(command.slice(at + 3).trimStart())
    if (folder !== '') return { kind: 'folder', name: folder }
  }
  if (/^(\/bin\/)?cat\s*>{1,2}\s*\/dev\/null$/.test(command)) return { kind: 'nothing' }
  return { kind: 'unknown', name }
}

const spamFilters: ReadonlySet<string> = new Set([
  ...['spamassassin', 'spamc', 'bogofilter', 'bmf', 'bsfilter', 'crm', 'dspam', 'qsf', 'spamprobe'],
  ...['sb_filter.py', 'clamassassin', 'clamdscan', 'clamscan', 'rspamc', 'razor-check', 'pyzor'],
])

/** The first word without its path. */
function programName(command: string): string {
  const first = /^[^\s"|;()]+/.exec(command.replace(/^[(\s"]+/, ''))?.[0] ?? ''
  return first.slice(first.lastIndexOf('/') + 1)
}

/** A word of sh(1), with its quotes. */
function argumentAt(text: string): string {
  const quoted = /^"[^"]*"/.exec(text) ?? /^'[^']*'/.exec(text)
  return (quoted ?? /^[^\s;|()&\\]*/.exec(text))?.[0] ?? ''
}

function formail(command: string): KnownProgram {
  const options = [...command.matchAll(/\s-([A-Za-z]+)/g)].map(([, letters = '']) => letters)
  const has = (letter: string) => options.some((letters) => letters.startsWith(letter))
  const isReply = has('r')
  if (isReply && takesRecipients(command)) {
    return { kind: 'answer', text: echoed(command), files: shown(command) }
  }
  if (options.some((letters) => letters.includes('D'))) {
    return { kind: isReply ? 'answered-before' : 'seen-before' }
  }
  return { kind: 'unknown', name: 'formail' }
}

/** `sendmail -oi -t`: whoever the reply is to. */
function takesRecipients(command: string): boolean {
  const words = command.slice(command.search(/sendmail/i)).split(/\s+/)
  return /sendmail$/i.test(words[0] ?? '') && words.some((word) => /^-[^t]*t/.test(word))
}

function echoed(command: string): string {
  const lines = command.split(/\becho\s/).slice(1)
  return lines.map((line) => echoArgument(line.trimStart())).join('\n')
}

function echoArgument(text: string): string {
  if (/^["']/.test(text)) return argumentAt(text).slice(1, -1)
  return (/^[^;|()&\n\\]*/.exec(text)?.[0] ?? '').trim()
}

const shown = (command: string): readonly string[] =>
  command
    .split(/\bcat\s/)
    .slice(1)
    .map((rest) => argumentAt(rest.trimStart()))
