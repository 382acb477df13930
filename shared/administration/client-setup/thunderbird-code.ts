// The code that Thunderbird for Android (and K-9 Mail) scans to take an account over, as Thunderbird on a desktop shows it: JSON without names,
// by "Export for Mobile QR code format", version 1 of 6 February 2025 (thunderbird-android, feature/migration/qrcode/qr-code-format.md).

import type { MailService } from './offered.ts'

const FORMAT_VERSION = 1
const IMAP = 0
const SMTP = 0
const PASSWORD = 1
/** Where TLS is begun by a command, it has to be. */
const security = { starttls: 2, tls: 3 } as const

export function thunderbirdCode(
  account: { readonly address: string; readonly displayName: string; readonly password: string },
  services: readonly MailService[],
): string | undefined {
  const imap = services.find(({ protocol }) => protocol === 'imap')
  const smtp = services.find(({ protocol }) => protocol === 'smtp')
  if (imap === undefined || smtp === undefined) return undefined
  const { address, displayName, password } = account
  // Its `Hostname` and `EmailAddress` are ASCII.
  if ([address, imap.host, smtp.host].some((text) => /[^\x20-\x7e]/.test(text))) return undefined
  const serverOf = ({ host, port, security: by }: MailService) =>
    [host, port, security[by], PASSWORD, address] as const
  const incoming = [IMAP, ...serverOf(imap), address, password]
  const outgoing = [SMTP, ...serverOf(smtp), password]
  const identity = [address, displayName || address]
  // One of one code.
  return JSON.stringify([FORMAT_VERSION, [1, 1], incoming, [[outgoing, identity]]])
}
