// Certificates that the server gets by itself (ACME, RFC 8555).

import { choice, duration, filePath, text } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const acmeSettings = {
  acmeDirectory: new Setting(text, {
    default: '',
    about:
      'Address of an authority that speaks ACME, from which the server gets its certificate and renews it, such as https://acme-v02.api.letsencrypt.org/directory. Naming one means agreeing to its terms of service. Nothing: the certificate is that of `tls.certificateFile`, or one signed by itself.',
  }),
  acmeContact: new Setting(text, {
    default: '',
    about: 'Mail address that the authority may write to, told when the account is made.',
  }),
  acmeNames: new Setting(text, {
    default: 'auto',
    about:
      'Names of the certificate, separated by commas, besides `hostname`. auto: of every domain here those under which clients and servers look for us (mta-sts, autoconfig, autodiscover, ua-auto-config), as far as they lead to where `hostname` leads.',
  }),
  acmeChallenge: new Setting(choice('http-01', 'tls-alpn-01', 'dns-01'), {
    default: 'http-01',
    about:
      'How control of the names is proved: http-01 (`listeners.http` has to be reached at port 80 of each), tls-alpn-01 (`listeners.https` at port 443), dns-01 (a record in the DNS, put there by `acmeHook` or `acmeDnsServer`; no port needs to be open).',
  }),
  acmeHook: new Setting(filePath, {
    default: '',
    about:
      'For dns-01: a program that is run as `PROGRAM add NAME VALUE` and `PROGRAM remove NAME VALUE`, and ends with 0 when all name servers have the TXT record.',
  }),
  acmeDnsServer: new Setting(text, {
    default: '',
    about:
      'For dns-01 without a program: address of the primary name server, which takes dynamic updates (RFC 2136).',
  }),
  acmeDnsKeyFile: new Setting(filePath, {
    default: '',
    about:
      'The key that those updates are signed with (TSIG, hmac-sha256), as `tsig-keygen` writes it.',
  }),
  acmeDnsSpread: new Setting(duration({ min: 0, max: 3_600_000 }), {
    default: 30_000,
    about: 'How long until all name servers of the zone have an update.',
  }),
  acmeTrustedFile: new Setting(filePath, {
    default: '',
    about:
      'Certificates (PEM) that the authority’s own HTTPS is trusted by, where it is one of your own; nothing means those that everybody trusts.',
  }),
} satisfies SettingGroup
