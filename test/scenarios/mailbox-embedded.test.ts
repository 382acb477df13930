import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeMailboxProperties } from './mailbox-properties.ts'

describeMailboxProperties('embedded', openEmbedded, { runs: 25, stepsMax: 20, writers: 4 })
