// Names of message files in a Maildir: `<base>[,S=n][,W=n][:2,<flags>]`. What stands behind the base changes with the flags; the base names the
// message.

export type FileName = {
  /** Before the info; with its sizes, which never change. */
  readonly base: string
  /** Letters. */
  readonly flags: string
}

/** Some systems cannot have a colon in a name. */
const infoMarks = [':2,', ';2,', '!2,'] as const

export function parseFileName(name: string): FileName {
  for (const mark of infoMarks) {
    const at = name.lastIndexOf(mark)
    if (at > 0) {
      const info = name.slice(at + mark.length)
      const [flags = ''] = info.split(',', 1)
      return { base: name.slice(0, at), flags }
    }
  }
  // `:1,` is experimental, and says nothing of flags.
  const colon = name.lastIndexOf(':1,')
  return { base: colon > 0 ? name.slice(0, colon) : name, flags: '' }
}

const systemFlags: { readonly [letter: string]: string } = {
  S: '\\Seen',
  R: '\\Answered',
  F: '\\Flagged',
  D: '\\Draft',
  T: '\\Deleted',
  P: '$Forwarded',
}

/** `keywords`: of the folder, by their letter `a` to `z`; letters without a name say nothing. */
export function flagsOf(letters: string, keywords: ReadonlyMap<string, string>): readonly string[] {
  const flags: string[] = []
  for (const letter of new Set(letters)) {
    const flag = systemFlags[letter] ?? keywords.get(letter)
    if (flag !== undefined) flags.push(flag)
  }
  return flags
}

/** Seconds since 1970 that a name begins with; undefined where it begins otherwise. */
export function secondsIn(base: string): number | undefined {
  const digits = /^\d{9,10}(?=\D)/.exec(base.slice(0, 11))?.[0]
  return digits === undefined ? undefined : Number(digits)
}
