import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeDirectory } from './directory.ts'

describeDirectory('embedded', openEmbedded)
