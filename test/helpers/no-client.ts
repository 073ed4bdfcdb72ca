/** A client of Temporal for activities that must not ask it anything: it leads to a closed port. */
import { Client, Connection } from '@temporalio/client';

export const noClient = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) });
