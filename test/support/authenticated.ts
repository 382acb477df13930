// A message as authentication judged it, for whoever keeps records of that.

import type { Authenticated } from '#services/authentication/authentication.ts'
import type { DmarcPolicy, DmarcResult } from '#services/authentication/dmarc.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'

/** In the name of this domain, which wants reports. */
export function authenticated(
  domain: string,
  given: {
    readonly rua?: string
    readonly result?: 'pass' | 'fail'
    readonly policy?: DmarcPolicy
    readonly address?: string
    readonly sender?: string
    readonly override?: 'mailing_list' | 'trusted_forwarder'
  } = {},
): Authenticated {
  const { rua = `mailto:dmarc@${domain}`, result = 'fail', policy = 'reject' } = given
  const dmarc: DmarcResult = {
    result,
    from: domain,
    policy,
    record: {
      domain,
      text: `v=DMARC1; p=${policy}; rua=${rua}`,
      p: policy,
      sp: policy,
      np: undefined,
      strictDkim: false,
      strictSpf: true,
      testing: false,
    },
    alignedSpf: false,
    alignedDkim: result === 'pass',
  }
  const address = given.address ?? '192.0.2.1'
  return {
    queueId: 'q' as QueueId,
    remoteAddress: address,
    sender: given.sender ?? `ann@${domain}`,
    findings: {
      iprev: { result: 'pass', address },
      spf: { result: 'fail', identity: 'mailfrom', domain },
      dkim: [
        {
          result: 'pass',
          reason: undefined,
          domain,
          identity: undefined,
          selector: 's<&>',
          algorithm: undefined,
          start: undefined,
        },
      ],
      ignored: 0,
      dmarc,
      arc: { result: 'none', reason: undefined, sets: [], coversFrom: false },
      notJudged: undefined,
    },
    judgement: {
      action: result === 'pass' ? 'none' : 'quarantine',
      reason: undefined,
      method: 'dmarc',
      override: given.override,
    },
  }
}
