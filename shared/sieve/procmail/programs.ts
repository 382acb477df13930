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
  /** Delivery to a folder of Dovecot. */
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly name: string }

export function knownProgram(command: string): KnownProgram {
  const name = programName(command)
  if (spamFilters.has(name)) return { kind: 'spam-filter' }
  if (/\bformail\b/.test(command)) return formail(command)
  if (name === 'vacation') return { kind: 'vacation' }
  if (name === 'deliver' || name === 'dovecot-lda') {
    const folder = /\s-m\s*(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(command)
    if (folder) return { kind: 'folder', name: folder[1] ?? folder[2] ?? folder[3] ?? '' }
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
  const first = /^[(\s]*("?)([^\s"|;()]+)\1/.exec(command)?.[2] ?? ''
  return first.slice(first.lastIndexOf('/') + 1)
}

function formail(command: string): KnownProgram {
  const options = [...command.matchAll(/\s-([A-Za-z]+)/g)].map(([, letters = '']) => letters)
  const has = (letter: string) => options.some((letters) => letters.startsWith(letter))
  const isReply = has('r')
  if (isReply && /sendmail\b[^|]*-[a-z]*t/i.test(command)) {
    return { kind: 'answer', text: echoed(command), files: shown(command) }
  }
  if (options.some((letters) => letters.includes('D'))) {
    return { kind: isReply ? 'answered-before' : 'seen-before' }
  }
  return { kind: 'unknown', name: 'formail' }
}

function echoed(command: string): string {
  const lines = command.matchAll(/\becho\s+(?:"([^"]*)"|'([^']*)'|([^;|()&\n\\]*))/g)
  return [...lines].map(([, a, b, c]) => a ?? b ?? c?.trim() ?? '').join('\n')
}

const shown = (command: string): readonly string[] =>
  [...command.matchAll(/\bcat\s+([^;|()&\s\\]+)/g)].map(([, file = '']) => file)
