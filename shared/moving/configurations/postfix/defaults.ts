// What parameters are where main.cf says nothing, as far as it decides about what comes over (`postconf -d` of Postfix 3.7; a test compares).

/** What a level below has, and others. */
const belowLevel = (level: number, below: string, others: string) =>
  ['$', `{{$compatibility_level} <level {${level}} ? {${below}} : {${others}}}`].join('')

export const postfixDefaults: { readonly [name: string]: string | undefined } = {
  alias_maps: 'hash:/etc/aliases, nis:mail.aliases',
  append_dot_mydomain: belowLevel(1, 'yes', 'no'),
  compatibility_level: '0',
  config_directory: '/etc/postfix',
  default_database_type: 'hash',
  inet_interfaces: 'all',
  local_recipient_maps: 'proxy:unix:passwd.byname $alias_maps',
  mail_name: 'Postfix',
  mydestination: '$myhostname, localhost.$mydomain, localhost',
  mynetworks_style: belowLevel(2, 'subnet', 'host'),
  myorigin: '$myhostname',
  queue_directory: '/var/spool/postfix',
  relay_domains: belowLevel(2, '$mydestination', ''),
  smtpd_banner: '$myhostname ESMTP $mail_name',
  smtpd_relay_restrictions: belowLevel(
    1,
    '',
    'permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination',
  ),
  virtual_alias_domains: '$virtual_alias_maps',
  virtual_alias_maps: '$virtual_maps',
  virtual_mailbox_domains: '$virtual_mailbox_maps',
}

/** What Postfix does without being told so, and this system does not: it comes over although nobody wrote it. */
export const carriedDefaults = [
  { parameter: 'recipient_delimiter', text: '' },
  { parameter: 'smtpd_helo_required', text: 'no' },
] as const
