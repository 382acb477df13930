import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeAccessTables } from './access-tables.ts'

describeAccessTables('embedded', openEmbedded)
