"""Ends a program that has started others, and leaves none of them behind."""

import asyncio
import signal


def cancel_on_signals() -> None:
    """Let the first Ctrl-C or SIGTERM cancel us; more of them would only disturb the end."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        if task is not None:
            task.cancel()

    for number in signals:
        loop.add_signal_handler(number, stop)
