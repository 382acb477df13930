// The lines of a .qmail file (dot-qmail(5)), and Courier's .courier files, which have the same: where mail of one address goes.

import { linesOf } from '../source-files.ts'

export type DotQmail = {
  readonly forwards: readonly { readonly address: string; readonly line: number }[]
  /** It is kept here too: a mailbox of the file's owner. */
  readonly keeps: boolean
  readonly others: readonly {
    readonly text: string
    readonly reason: string
    readonly line: number
  }[]
}

export function parseDotQmail(text: string): DotQmail {
  const forwards: { address: string; line: number }[] = []
  const others: { text: string; reason: string; line: number }[] = []
  let keeps = false
  let instructions = 0
  for (const { line, text: whole } of linesOf(text)) {
    const content = whole.trimEnd()
    if (content === '' || content.startsWith('#')) continue
    instructions++
    const first = content.charAt(0)
    if (first === '|') {
      const reason = 'mail is given to no program'
      others.push({ text: content, reason, line })
    } else if (first === '.' || first === '/') {
      // A folder is a mailbox, whoever's it is; what is no folder is an mbox.
      if (content.endsWith('/')) keeps = true
      else others.push({ text: content, reason: 'mail is written to no file', line })
    } else {
      const address = first === '&' ? content.slice(1).trim() : content
      if (isForward(address)) {
        forwards.push({ address, line })
      } else others.push({ text: content, reason: 'no line that is understood', line })
    }
  }
  return { forwards, keeps: keeps || instructions === 0, others }
}

/** An address, or the name of a user. */
const isForward = (text: string) =>
  /^\S+$/.test(text) && (text.indexOf('@') > 0 || /^[A-Za-z0-9._+-]+$/.test(text))

/** Of the part of the name behind `.qmail-`: dots are colons there. */
export const extensionOf = (name: string): string => name.replaceAll(':', '.').toLowerCase()
