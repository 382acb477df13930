// Milters: filters of Sendmail and Postfix that are asked about every message as it comes in.

import { choice, duration, text } from '../kinds.ts'
import { milterDefaultActions, milterMacros, milterProtocols, milters } from '../milters.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

const words = (names: string): readonly string[] => names.split(' ')
const macros = (stage: string, postfix: string, names: string) =>
  new Setting(milterMacros, {
    default: words(names),
    about: `The macros that milters are told ${stage}, unless they name others.`,
    known: { postfix },
  })

export const milterSettings = {
  smtpdMilters: new Setting(milters, {
    default: [],
    about:
      'Milters that mail is shown to, in this order, on all SMTP listeners: each may refuse clients, senders, recipients and messages, and change messages. Parameters of one alone stand with it in braces.',
    known: { postfix: 'smtpd_milters' },
  }),
  milterDefaultAction: new Setting(choice(...milterDefaultActions), {
    default: 'tempfail',
    about:
      'What happens to mail when a milter cannot be reached or fails: `tempfail` asks the client to come back, `reject` refuses, `accept` goes on without it, `quarantine` takes the message and holds it, `shutdown` ends the session.',
    known: { postfix: 'milter_default_action' },
  }),
  milterProtocol: new Setting(choice(...milterProtocols), {
    default: '6',
    about: 'The version of the milter protocol that is offered; a milter may choose an older one.',
    known: { postfix: 'milter_protocol' },
  }),
  milterConnectTimeout: new Setting(duration({ min: 1, max: HOUR }), {
    default: 30 * SECOND,
    about: 'In this time a milter must take a connection.',
    known: { postfix: 'milter_connect_timeout' },
  }),
  milterCommandTimeout: new Setting(duration({ min: 1, max: HOUR }), {
    default: 30 * SECOND,
    about: 'In this time a milter must answer to a command of the client.',
    known: { postfix: 'milter_command_timeout' },
  }),
  milterContentTimeout: new Setting(duration({ min: 1, max: HOUR }), {
    default: 300 * SECOND,
    about:
      'In this time a milter must answer to a piece of a message, or to its end; it may ask for more.',
    known: { postfix: 'milter_content_timeout' },
  }),
  milterMacroDaemonName: new Setting(text, {
    default: 'localhost.localdomain',
    derived: '$hostname',
    about: 'What milters are told as `{daemon_name}`.',
    known: { postfix: 'milter_macro_daemon_name' },
  }),
  milterMacroV: new Setting(text, {
    default: 'Postwolke',
    about: 'What milters are told as `v`: the name of this software.',
    known: { postfix: 'milter_macro_v' },
  }),
  milterConnectMacros: macros(
    'with the connection',
    'milter_connect_macros',
    'j {daemon_name} {daemon_addr} v _',
  ),
  milterHeloMacros: macros(
    'with HELO or EHLO',
    'milter_helo_macros',
    '{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}',
  ),
  milterMailMacros: macros(
    'with MAIL',
    'milter_mail_macros',
    'i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}',
  ),
  milterRcptMacros: macros(
    'with RCPT',
    'milter_rcpt_macros',
    'i {rcpt_addr} {rcpt_host} {rcpt_mailer}',
  ),
  milterDataMacros: macros('with DATA', 'milter_data_macros', 'i'),
  milterEndOfHeaderMacros: macros('at the end of the header', 'milter_end_of_header_macros', 'i'),
  milterEndOfDataMacros: macros('at the end of the message', 'milter_end_of_data_macros', 'i'),
} satisfies SettingGroup
