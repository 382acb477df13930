import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const permit_tls_all_clientcerts = defineWord(
  'permit_tls_all_clientcerts',
  () =>
    ({ origin }) =>
      origin.tls?.clientCertificate?.verified === true ? permit : dunno,
)
