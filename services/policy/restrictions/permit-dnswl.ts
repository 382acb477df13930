// Clients in a DNS list of good ones, by address and by name.

import { permitListed } from '../dns-lists/listed.ts'
import { clientAddress, clientName } from '../dns-lists/looks.ts'

export const permit_dnswl_client = permitListed('permit_dnswl_client', clientAddress)
export const permit_rhswl_client = permitListed('permit_rhswl_client', clientName)
