// Filters that smtpd asks. What OpenDKIM and OpenDMARC did is done within, so that mail is not signed twice.

import type { PostfixContext } from '../context.ts'
import { splitValue } from '../split-value.ts'

/** By the name of their socket, or the ports that their manuals and everybody's guides have. */
const within = [
  {
    words: ['opendkim', ':8891'],
    because:
      'mail is signed and verified here; `postwolke import opendkim /etc/opendkim.conf --root /` brings its keys',
  },
  { words: ['opendmarc', ':8893'], because: '`mailAuthentication` does this' },
] as const

export function translateMilters({ collect, place, set, value }: PostfixContext): void {
  if (!set.has('smtpd_milters')) return
  const from = place('smtpd_milters')
  const left = splitValue(value('smtpd_milters')).filter((milter) => {
    const found = within.find(({ words }) =>
      words.some((word) => milter.toLowerCase().includes(word)),
    )
    if (found !== undefined) {
      collect.note('to-do', `smtpd_milters ${milter.slice(0, 100)}`, found.because, from)
    }
    return found === undefined
  })
  for (const milter of left) {
    const reason =
      'it is asked as before: it has to run for this system too, or `milterDefaultAction` decides'
    collect.note('to-do', `smtpd_milters ${milter.slice(0, 100)}`, reason, from)
  }
  collect.set('smtpdMilters', left.join(', '), { about: 'smtpd_milters', from })
}
