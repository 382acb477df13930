// Settings that are allowed and probably not meant: said at the start and by `config check`.

import { formatProblem } from './problems.ts'
import { findRelayByClaim } from './restrictions/list-faults.ts'
import type { Settings } from './table.ts'

/** RFC 5321 §4.5.3.1.7: what every server has to take. */
const MESSAGE_BYTES_MIN = 64 * 1024

export function findWarnings(settings: Settings): string[] {
  const { messageSizeLimit, mailboxSizeLimit, mynetworks, authTrustedNetworks } = settings
  const warnings: string[] = []
  const warn = (keys: readonly string[], reason: string) =>
    warnings.push(formatProblem({ kind: 'conflict', keys, reason }))
  if (messageSizeLimit < MESSAGE_BYTES_MIN) {
    warn(
      ['messageSizeLimit'],
      `${messageSizeLimit} bytes is very little; is its unit missing (MB)?`,
    )
  }
  if (mailboxSizeLimit > 0 && mailboxSizeLimit < messageSizeLimit) {
    warn(
      ['mailboxSizeLimit', 'messageSizeLimit'],
      'an account has less room than the largest message takes',
    )
  }
  if (mynetworks.some(isEverybody)) {
    warn(['mynetworks'], 'anybody may send mail to anywhere through this system, without a login')
  }
  if (authTrustedNetworks.some(isEverybody)) {
    warn(['authTrustedNetworks'], 'nobody who guesses passwords is held back')
  }
  if (settings.disablePlaintextAuth === 'no') {
    warn(['disablePlaintextAuth'], 'passwords may cross the network in clear')
  }
  const { delayWarningTime, bounceQueueLifetime, maximalQueueLifetime } = settings
  if (delayWarningTime > 0 && delayWarningTime >= maximalQueueLifetime) {
    warn(
      ['delayWarningTime', 'maximalQueueLifetime'],
      'nobody is told that his mail waits: it is returned before',
    )
  }
  if (bounceQueueLifetime > maximalQueueLifetime) {
    warn(
      ['bounceQueueLifetime', 'maximalQueueLifetime'],
      'mail without a sender is not tried longer than all other',
    )
  }
  for (const { setting, word } of findRelayByClaim(settings)) {
    warn(
      [setting],
      `an OK in the table of ${word} lets relay whoever says what it permits; let it stand behind reject_unauth_destination`,
    )
  }
  return warnings
}

const isEverybody = (network: string) => network.endsWith('/0')
