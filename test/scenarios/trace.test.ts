import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeStories } from './trace-stories.ts'

describeStories('on one machine', (clock) => openEmbedded({ clock }))
