// Names in a DNS list of domains: the client's, in HELO, of the sender and of the recipient.

import { rejectListed } from '../dns-lists/listed.ts'
import {
  clientName,
  heloName,
  recipientDomain,
  reverseClientName,
  senderDomain,
} from '../dns-lists/looks.ts'

export const reject_rhsbl_client = rejectListed('reject_rhsbl_client', clientName)
export const reject_rhsbl_reverse_client = rejectListed(
  'reject_rhsbl_reverse_client',
  reverseClientName,
)
export const reject_rhsbl_helo = rejectListed('reject_rhsbl_helo', heloName)
export const reject_rhsbl_sender = rejectListed('reject_rhsbl_sender', senderDomain)
export const reject_rhsbl_recipient = rejectListed('reject_rhsbl_recipient', recipientDomain)
