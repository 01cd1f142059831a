/**
 * Devices that are away: finds in the cell's database who has not got what there is, and has their vendors wake them.
 *
 * <p>Enters: the section {@code sync} with the accounts of apps at vendors, keys from files, hints that something was
 * stored. Leaves: calls to APNs, FCM and services of Web Push that say "come and sync" and, where an operator has declared
 * a template, the text made of it; tokens that are not valid any more.
 *
 * <p>Must not be here: payloads of messages, SQL, streams of devices.
 */
@NullMarked
package io.rialto.sync.vendor;

import org.jspecify.annotations.NullMarked;
