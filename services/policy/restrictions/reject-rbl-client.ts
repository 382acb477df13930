import { rejectListed } from '../dns-lists/listed.ts'
import { clientAddress } from '../dns-lists/looks.ts'

export const reject_rbl_client = rejectListed('reject_rbl_client', clientAddress)
