import { describeDirectory } from '#test/conformance/directory.ts'
import { memoryTable } from './memory-table.ts'

describeDirectory(async () => memoryTable())
