// Whether the sender of a message may be another than its envelope says. Strangers write whom they like there, and what is returned
// to somebody who has sent nothing is spam itself (backscatter). So nobody is told of a stranger's mail that was found to be unwanted, nor of one
// whose sender's domain says by SPF that it does not come from there, unless a signature of that domain holds.

import type { QueuedMessage } from '#shared/queue/records.ts'
import type { Doubt } from './decide.ts'

export function createDoubt(isMynetwork: (address: string) => boolean): Doubt {
  return ({ origin, junk, prepend, envelope }) => {
    if (origin.listener !== 'smtp' || origin.account !== null) return undefined
    if (isMynetwork(origin.remoteAddress)) return undefined
    if (junk) return 'unwanted mail of a stranger'
    return isDisowned(prepend, envelope) ? "its sender's domain disowns it (SPF)" : undefined
  }
}

/** By the results that we wrote before it (RFC 8601), one on each line: what others wrote stands in the object. */
function isDisowned(
  prepend: string,
  { sender }: Pick<QueuedMessage['envelope'], 'sender'>,
): boolean {
  const results = prepend.split('\r\n').map((line) => line.trim().replace(/;$/, ''))
  if (!results.some((result) => result.startsWith('spf=fail smtp.mailfrom='))) return false
  const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()
  return !results.some((result) => {
    if (!result.startsWith('dkim=pass ')) return false
    const at = result.indexOf(SIGNER)
    const [signer = ''] =
      at < 0
        ? []
        : result
            .slice(at + SIGNER.length)
            .toLowerCase()
            .split(' ', 1)
    return isBelow(domain, signer) || isBelow(signer, domain)
  })
}

const SIGNER = ' header.d='

const isBelow = (name: string, above: string) =>
  above !== '' && (name === above || name.endsWith(`.${above}`))
