// Clients and recipients that are never greylisted unless `postgreyShippedLists` says otherwise: senders with so many addresses that a
// retry comes from another network, or that come back after hours only. By names that are confirmed by DNS, which nobody can take
// on for himself. Where a name is from stands beside it: `postgrey` is the list of Debian's postgrey 1.37, with a number an issue of
// github.com/schweikert/postgrey; the others are what these senders' own documents say their servers are called.

export const shippedClients: readonly string[] = [
  // Mailboxes
  'google.com', // postgrey
  'outlook.com', // postgrey: Microsoft 365 and Outlook.com
  'hotmail.com', // 38
  'live.com', // 57: fifteen addresses in turn
  'protection.outlook.de', // postgrey
  'microsoft.com', // postgrey
  'yahoo.com', // postgrey
  'apple.com', // iCloud
  'me.com', // iCloud
  'messagingengine.com', // Fastmail
  'protonmail.ch', // postgrey
  'zoho.com',
  'zoho.eu',
  'yandex.net',
  'rambler.ru', // postgrey
  '/^fallback[0-9]+\\.mail\\.ru$/', // postgrey
  '/^fallback[0-9]+\\.m\\.smailru\\.net$/', // postgrey
  '/^m[0-9]+-[0-9]+\\.126\\.com$/', // postgrey
  'mail.alibaba.com', // postgrey
  'mail.aliyun.com', // postgrey

  // Providers
  'mout.gmx.net', // GMX, 1&1
  'mout.web.de',
  'mout.kundenserver.de',
  'mout.perfora.net',
  '/^mailout[0-9]+\\.t-online\\.de$/',
  'smtpout.orange.fr', // postgrey
  '/^smtp[0-9]+-g[0-9]+\\.free\\.fr$/', // postgrey
  'mail-out.ovh.net', // postgrey
  'mail.infomaniak.ch', // postgrey
  'upcmail.net', // postgrey
  'mailspamprotection.com', // postgrey

  // Filters in front of others' servers
  'messagelabs.com', // postgrey
  'pphosted.com', // Proofpoint
  'ppe-hosted.com', // Proofpoint Essentials
  'mimecast.com',
  'iphmx.com', // Cisco
  'barracuda.com', // postgrey
  'barracudanetworks.com',
  'hornetsecurity.com',
  'reflexion.net', // postgrey

  // Who sends for others
  'amazonses.com', // postgrey, 102
  'sendgrid.net', // 101
  'mailgun.com', // postgrey
  'mailgun.net', // postgrey
  'mailgun.us', // postgrey
  'mandrillapp.com', // 65
  'mcsv.net', // 65: Mailchimp
  'rsgsv.net', // Mailchimp
  'mcdlv.net', // Mailchimp
  'sparkpostmail.com',
  'mtasv.net', // postgrey: Postmark
  'mailjet.com',
  'smtp2go.com', // postgrey
  'exacttarget.com', // Salesforce
  'constantcontact.com',

  // Large senders of their own mail
  'amazon.com', // postgrey
  'ebay.com', // postgrey
  'facebook.com', // postgrey
  'linkedin.com', // 38
  'twitter.com', // postgrey
  'github.com', // postgrey
  'github.net', // postgrey
  'battle.net', // postgrey
  'ibm.com', // postgrey

  // Lists
  'debian.org', // postgrey
  'vger.kernel.org', // postgrey
  'gnu.org', // postgrey
  'lists.sourceforge.net', // postgrey
]

/** They must hear of what is wrong here, in time. */
export const shippedRecipients: readonly string[] = ['postmaster@', 'abuse@']
