// What we ask of those who send mail here: MTA-STS (RFC 8461), whose policy is served over HTTPS, and what our domains publish beside it. `listeners.https` serves it.

import { mailAddress } from '../address-kinds.ts'
import { choice, duration } from '../kinds.ts'
import { mailHostPatterns } from '../mail-host-patterns.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const DAY = 86_400_000

export const mtaStsSettings = {
  mtaStsMode: new Setting(choice('off', 'testing', 'enforce', 'none'), {
    default: 'off',
    about:
      'Whether servers that send mail to our domains are asked to do so over TLS with a valid certificate (MTA-STS), by a policy that `listeners.https` serves under mta-sts.<domain>: off (nothing is served or to be published), testing (they report what fails, if they do), enforce (else they do not send). none takes an earlier policy back; it has to stay for as long as `mtaStsMaxAge` of that one.',
  }),
  mtaStsMaxAge: new Setting(duration({ min: 60 * SECOND, max: 365 * DAY }), {
    default: 14 * DAY,
    about: 'How long senders remember the policy. RFC 8461 wants weeks once it is sure.',
  }),
  mtaStsMx: new Setting(mailHostPatterns, {
    default: [],
    defaultText: '`hostname`',
    about:
      'Mail hosts that the policy allows, as the MX records have them; `*.example.net` stands for one label. The certificate of each must have its name.',
  }),
  dnsReportAddress: new Setting(mailAddress, {
    reload: true,
    default: '',
    defaultText: 'postmaster of each domain',
    about:
      'Where others send their daily reports of DMARC (RFC 9990) and TLS (RFC 8460), in the records that `postwolke domain dns` prints. In another domain than the one they are about, that one has to publish that it takes them.',
  }),
} satisfies SettingGroup
