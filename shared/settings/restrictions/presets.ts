// The lists of each preset. Tables that nobody has filled say nothing, so that `postwolke access set clients …` works at once.

export const presets = ['modern', 'isp', 'open'] as const
export type Preset = (typeof presets)[number]

type Lists = { readonly [preset in Preset]: string }

/** Who is not asked further: in every list of `modern`, since a permit ends its own list only. */
const own = 'permit_mynetworks, permit_sasl_authenticated'

/** Tables are asked about this machine too; whether the world knows its names is not, so that it works before there is any DNS. */
const here = 'permit_inet_interfaces'

export const presetLists = {
  smtpdClientRestrictions: {
    modern: `${own}, check_client_access table:clients`,
    isp: '',
    open: '',
  },
  smtpdHeloRestrictions: {
    modern: `${own}, check_helo_access table:helos, ${here}, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname`,
    isp: '',
    open: '',
  },
  smtpdSenderRestrictions: {
    modern: `${own}, check_sender_access table:senders, ${here}, reject_non_fqdn_sender, reject_unknown_sender_domain`,
    isp: '',
    open: '',
  },
  smtpdRelayRestrictions: {
    modern: `${own}, reject_unauth_destination`,
    isp: `${own}, reject_unauth_destination`,
    open: `${own}, reject_unauth_destination`,
  },
  smtpdRecipientRestrictions: {
    modern: `${own}, check_recipient_access table:recipients, reject_unlisted_recipient, ${here}, check_policy_service policyd-weight, check_policy_service postgrey`,
    // Deliberately without what many such lists have before all else, `permit_mx_backup`: it permits what is for this host too, and nothing
    // behind it is asked; and whoever writes the DNS of a domain could have its mail relayed. Its place is in the list before.
    isp: [
      'permit_mynetworks',
      'permit_sasl_authenticated',
      'reject_unauth_pipelining',
      'reject_invalid_hostname',
      'reject_non_fqdn_sender',
      'reject_non_fqdn_recipient',
      'reject_unknown_sender_domain',
      'reject_unknown_recipient_domain',
      'check_client_access table:clients',
      'check_sender_access table:senders',
      'check_recipient_access table:recipients',
      'reject_unlisted_recipient',
      'check_policy_service policyd-weight',
      'check_policy_service postgrey',
      'permit',
    ].join(', '),
    open: '',
  },
  smtpdDataRestrictions: {
    modern: `${own}, reject_unauth_pipelining, reject_multi_recipient_bounce`,
    isp: 'reject_unauth_pipelining',
    open: '',
  },
  smtpdEndOfDataRestrictions: { modern: '', isp: '', open: '' },
} as const satisfies { readonly [setting: string]: Lists }
