// Certificates, protocols, logs and other files of the old machine: what they say comes over, and they themselves by hand.

import type { PostfixContext } from '../context.ts'

/** Files that the new machine must have before a setting names them: it would not start. */
const files: { readonly [parameter: string]: string } = {
  smtpd_tls_cert_file: 'tls.certificateFile',
  smtpd_tls_key_file: 'tls.keyFile',
  smtp_tls_CAfile: 'smtpTlsCAfile',
  smtp_tls_cert_file: 'smtpTlsCertFile',
  smtp_tls_key_file: 'smtpTlsKeyFile',
  smtpd_tls_CAfile: 'smtpdTlsCAfile',
  bounce_template_file: 'bounceTemplateFile',
}

export function translateTls({ collect, set, place, value, master }: PostfixContext): void {
  for (const [name, path] of Object.entries(files)) {
    const file = set.has(name) ? value(name) : ''
    if (file === '') continue
    collect.note('to-do', name, `copy ${file} and set \`${path}\` to where it is then`, place(name))
  }
  if (set.has('smtpd_tls_protocols')) {
    const text = value('smtpd_tls_protocols')
    const words = text.split(/[\s,:]+/)
    const newest = words.includes('!TLSv1.2') || words.join('').startsWith('>=TLSv1.3')
    collect.set('tls.minimumVersion', newest ? 'TLSv1.3' : 'TLSv1.2', {
      about: 'smtpd_tls_protocols',
      from: place('smtpd_tls_protocols'),
    })
  }
  const submission = master?.services.find(({ name }) => name === 'submission')
  if (submission !== undefined) {
    const level = value('smtpd_tls_security_level', submission)
    const from = { file: 'master.cf', line: submission.line }
    const isDemanded = level === 'encrypt' || value('smtpd_enforce_tls', submission) === 'yes'
    collect.set('submissionRequireTls', isDemanded ? 'yes' : 'no', { about: 'submission', from })
  }
  if (set.has('smtpd_tls_security_level') && value('smtpd_tls_security_level') === 'encrypt') {
    const reason =
      'TLS is offered to other servers and not demanded; `reject_plaintext_session` in a list demands it'
    collect.note(
      'not-supported',
      'smtpd_tls_security_level',
      reason,
      place('smtpd_tls_security_level'),
    )
  }
  for (const name of ['maillog_file', 'debug_peer_level', 'debug_peer_list']) {
    if (!set.has(name)) continue
    collect.note(
      'not-needed',
      name,
      'where the log goes is `log.file` and `log.level`',
      place(name),
    )
  }
  if (/dnssec/i.test(value('smtp_dns_support_level'))) {
    const reason = 'name a validating resolver in `dnssecServers` for DANE'
    collect.note('to-do', 'smtp_dns_support_level', reason, place('smtp_dns_support_level'))
  }
}
