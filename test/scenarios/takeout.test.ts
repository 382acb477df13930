import { describe } from 'vitest'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeTakeouts } from './takeout-stories.ts'

describe('a takeout on one machine', () => describeTakeouts((clock) => openEmbedded({ clock })))
