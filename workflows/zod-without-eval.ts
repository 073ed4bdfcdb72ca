/**
 * zod as workflows use it. Loaded once for all workflows of a worker, as workers/workflow-bundle.ts asks for it: evaluated
 * anew for each of them, it was most of what starting a workflow cost. It is frozen then, so all that zod would set up at
 * its first use must be set up here.
 */
import { z } from 'zod';

// The workflow sandbox forbids compiling code at run time.
z.config({ jitless: true });
// The first object and the first text set zod's other global settings.
z.object({ text: z.string() });
