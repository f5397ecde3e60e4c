"""政企银: from a firm's demand to a bank's loan to the city's interest subsidy. Rongtong and Zhengtong mount it.

Pages and API of the enterprise and of banks are in ``rongtong``, those of officials in ``zhengtong``; folders below are named by
their duty. An application is moved by ``demands.service.move`` alone.
"""
