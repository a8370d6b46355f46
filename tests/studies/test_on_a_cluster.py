"""A study on the workers of a cluster: the same table bit for bit, whatever happens to the workers."""

import os
import signal
import threading
import time

import pytest

pytest.importorskip("pyarrow", reason="a study needs the extra 'studies'")
from distributed import Client, LocalCluster
from study_cases import asked


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0) as cluster,
        Client(cluster) as client,
    ):
        yield client


def tables(folder):
    return {each.name: each.read_bytes() for each in (folder / "table.csv", folder / "table.parquet")}


def test_the_table_is_that_of_one_process(client, done, tmp_path):
    found = asked(tmp_path / "s", client=client)
    assert tables(found.folder) == tables(done.folder)


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(client, done, tmp_path):
    pids = client.run(os.getpid)

    def kill():
        while not list((tmp_path / "s").glob("parts/*.part")):
            time.sleep(0.005)
        os.kill(next(iter(pids.values())), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    found = asked(tmp_path / "s", client=client)
    thread.join()
    assert tables(found.folder) == tables(done.folder)


def test_no_client(tmp_path):
    with pytest.raises(TypeError, match=r"client is a distributed.Client"):
        asked(tmp_path / "s", client="tcp://localhost:8786")
    assert not (tmp_path / "s").exists()
