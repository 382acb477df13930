import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeMailboxProperties } from './mailbox-properties.ts'

describeMailboxProperties('embedded', openEmbedded, { runs: 40, stepsMax: 25, writers: 4 })
