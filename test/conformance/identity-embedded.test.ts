import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeIdentity } from './identity.ts'

describeIdentity('embedded', openEmbedded)
